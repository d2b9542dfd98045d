package io.portolan.it.kube;

import static io.portolan.it.kube.TwoClusters.BACKEND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.envoyproxy.envoy.config.core.v3.HealthStatus;
import io.portolan.server.PortolanServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a proxy sees when a real API server fails: every push is counted. */
class KubernetesFaultsTest {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final Duration QUIET = Duration.ofSeconds(4);
  private static final ModelProxy.Sent NOTHING = new ModelProxy.Sent(0, 0);
  private static final AtomicInteger RUNS = new AtomicInteger();

  @TempDir static Path home;
  private static TwoClusters clusters;

  @BeforeAll
  static void start() throws IOException {
    clusters = new TwoClusters(home);
  }

  @AfterAll
  static void stop() throws IOException {
    clusters.close();
  }

  @BeforeEach
  void anew() throws IOException {
    clusters.link.mode(CutProxy.Mode.PASS);
    clusters.link.delay(Duration.ZERO);
    Kubernetes.kubectl(
        clusters.one,
        "",
        "delete",
        "secrets",
        "-n",
        "istio-system",
        "-l",
        "istio/multiCluster=true");
    Kubernetes.kubectl(
        clusters.two, "", "delete", "pods,services", "-n", "demo", "--all", "--force");
    clusters.backends(clusters.two, "10.72", 2);
    clusters.join("istio-remote-secret-two", clusters.two.adminToken());
  }

  private static Path data() {
    return home.resolve("data-" + RUNS.incrementAndGet());
  }

  /**
   * The gateway of the other network stands for the pods behind it, with their number as weight.
   */
  private static boolean isGateway(List<ModelProxy.Host> hosts) {
    return hosts.size() == 1
        && hosts.getFirst().address().equals("10.72.0.1")
        && hosts.getFirst().port() == 15443
        && hosts.getFirst().health() != HealthStatus.UNHEALTHY;
  }

  private static boolean isDirect(List<ModelProxy.Host> hosts, int number) {
    return hosts.size() == number
        && hosts.stream().allMatch(h -> h.address().startsWith("10.72.1."));
  }

  /** A pod gets unready, and the proxy hears of it. */
  private static void oneIsUnready(ModelProxy far) throws IOException, InterruptedException {
    clusters.ready(clusters.two, "backend-2", "10.72.1.2", false);
    far.await(
        BACKEND, SOON, hosts -> hosts.stream().anyMatch(h -> h.health() == HealthStatus.UNHEALTHY));
  }

  private static String page(PortolanServer server, String path)
      throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + server.adminAddress().getPort() + path))
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  @Test
  void aServiceThatLivesOnlyInTheOtherClusterIsReachedThroughItsGateway() throws Exception {
    try (PortolanServer server = clusters.portolan(data(), "");
        ModelProxy near = TwoClusters.proxy(server, "one");
        ModelProxy far = TwoClusters.proxy(server, "two")) {
      near.await(BACKEND, SOON, KubernetesFaultsTest::isGateway);
      far.await(BACKEND, SOON, hosts -> isDirect(hosts, 2));

      ModelProxy.Sent before = far.sent();
      oneIsUnready(far);
      assertEquals(new ModelProxy.Sent(1, 1), far.sent().since(before), "one change, one push");
    }
  }

  @Test
  void aFrozenServerChangesNothingAndIsNoticed() throws Exception {
    try (PortolanServer server = clusters.portolan(data(), "");
        ModelProxy far = TwoClusters.proxy(server, "two")) {
      far.await(BACKEND, SOON, hosts -> isDirect(hosts, 2));
      clusters.two.freeze();
      try {
        assertEquals(NOTHING, far.quiet(QUIET), "while it is frozen");
      } finally {
        clusters.two.thaw();
      }
      oneIsUnready(far);
    }
  }

  @Test
  void aKilledServerChangesNothingAndComesBackWithoutAPush() throws Exception {
    try (PortolanServer server = clusters.portolan(data(), "");
        ModelProxy far = TwoClusters.proxy(server, "two")) {
      far.await(BACKEND, SOON, hosts -> isDirect(hosts, 2));
      clusters.two.kill();
      assertEquals(NOTHING, far.quiet(QUIET), "while it is gone");
      clusters.two.restart();
      // Old resource versions have expired with the server's cache, so every kind is listed again.
      ModelProxy.Sent before = far.sent();
      oneIsUnready(far);
      assertEquals(new ModelProxy.Sent(1, 1), far.sent().since(before), "only the change");
    }
  }

  @Test
  void watchesCutEverySecondCostNoPush() throws Exception {
    try (PortolanServer server = clusters.portolan(data(), "");
        ModelProxy far = TwoClusters.proxy(server, "two")) {
      far.await(BACKEND, SOON, hosts -> isDirect(hosts, 2));
      int connections = clusters.link.accepted();
      ModelProxy.Sent before = far.sent();
      for (int i = 0; i < 5; i++) {
        clusters.link.cut();
        far.quiet(Duration.ofSeconds(1));
      }
      assertEquals(NOTHING, far.sent().since(before), "watches go on where they were");
      assertTrue(clusters.link.accepted() > connections, "there were reconnects");
      oneIsUnready(far);
    }
  }

  @Test
  void aRotatedCredentialIsSwappedWithoutAPush() throws Exception {
    try (PortolanServer server = clusters.portolan(data(), "");
        ModelProxy far = TwoClusters.proxy(server, "two")) {
      far.await(BACKEND, SOON, hosts -> isDirect(hosts, 2));
      String fresh =
          Kubernetes.kubectl(
                  clusters.two,
                  "",
                  "create",
                  "token",
                  "-n",
                  "kube-system",
                  "reader",
                  "--duration=1h")
              .strip();
      ModelProxy.Sent before = far.sent();
      clusters.join("istio-remote-secret-two", fresh);
      assertEquals(NOTHING, far.quiet(QUIET).since(NOTHING), "equal content, nothing sent");
      oneIsUnready(far);
      assertEquals(new ModelProxy.Sent(1, 1), far.sent().since(before));
    }
  }

  @Test
  void aWrongCredentialLeavesTheOldReader() throws Exception {
    try (PortolanServer server = clusters.portolan(data(), "");
        ModelProxy far = TwoClusters.proxy(server, "two")) {
      far.await(BACKEND, SOON, hosts -> isDirect(hosts, 2));
      clusters.join("istio-remote-secret-two", "wrong");
      assertEquals(NOTHING, far.quiet(QUIET));
      oneIsUnready(far);
      String findings = page(server, "/debug/findings");
      assertTrue(findings.contains("the new kubeconfig does not work"), findings);
    }
  }

  @Test
  void aSecondSecretForOneClusterIsRefusedLoudly() throws Exception {
    try (PortolanServer server = clusters.portolan(data(), "");
        ModelProxy far = TwoClusters.proxy(server, "two")) {
      far.await(BACKEND, SOON, hosts -> isDirect(hosts, 2));
      clusters.join("zz-second", "wrong");
      assertEquals(NOTHING, far.quiet(QUIET));
      String findings = page(server, "/debug/findings");
      assertTrue(findings.contains("zz-second"), findings);
    }
  }

  @Test
  void aRemovedSecretDrainsTheCluster() throws Exception {
    String quick = "clusterHealth: {drain: {unhealthyAfter: 1s, dropAfter: 3s}}\n";
    try (PortolanServer server = clusters.portolan(data(), quick);
        ModelProxy near = TwoClusters.proxy(server, "one")) {
      near.await(BACKEND, SOON, KubernetesFaultsTest::isGateway);
      Kubernetes.kubectl(
          clusters.one, "", "delete", "secret", "-n", "istio-system", "istio-remote-secret-two");
      near.await(
          BACKEND,
          SOON,
          hosts -> hosts.stream().allMatch(h -> h.health() == HealthStatus.UNHEALTHY));
      near.await(BACKEND, SOON, List::isEmpty);
      assertTrue(near.clusters().stream().noneMatch(BACKEND::equals), "its service is gone too");
    }
  }

  @Test
  void aSlowServerDelaysNobodyElse() throws Exception {
    clusters.link.delay(Duration.ofSeconds(10));
    clusters.backends(clusters.one, "10.71", 1);
    try (PortolanServer server = clusters.portolan(data(), "clusterHealth: {startGrace: 3s}\n");
        ModelProxy near = TwoClusters.proxy(server, "one")) {
      near.await(
          BACKEND,
          Duration.ofSeconds(15),
          hosts -> hosts.size() == 1 && hosts.getFirst().address().equals("10.71.1.1"));
    } finally {
      Kubernetes.kubectl(
          clusters.one, "", "delete", "pods,services", "-n", "demo", "--all", "--force");
    }
  }

  @Test
  void aServerThatIsGoneAtStartIsRestoredFromItsSnapshot() throws Exception {
    Path data = data();
    try (PortolanServer server = clusters.portolan(data, "");
        ModelProxy near = TwoClusters.proxy(server, "one")) {
      near.await(BACKEND, SOON, KubernetesFaultsTest::isGateway);
      Path snapshot = data.resolve("clusters/two.snapshot");
      Duration wait = Duration.ofSeconds(30);
      long end = System.nanoTime() + wait.toNanos();
      while (!java.nio.file.Files.exists(snapshot) && System.nanoTime() < end) {
        near.quiet(Duration.ofMillis(200));
      }
      assertTrue(java.nio.file.Files.exists(snapshot), "a snapshot within " + wait);
    }
    clusters.link.mode(CutProxy.Mode.REFUSE);
    clusters.link.cut();
    try (PortolanServer server = clusters.portolan(data, "");
        ModelProxy near = TwoClusters.proxy(server, "one")) {
      near.await(BACKEND, SOON, KubernetesFaultsTest::isGateway);
      assertTrue(page(server, "/debug/clusters").contains("restored"), "it says so");
    }
  }

  @Test
  void aServerThatForgotEverythingTakesNothingAwayAtOnce() throws Exception {
    String quick = "clusterHealth: {relist: {minimum: 4, holdDown: 8s}}\n";
    // A kind of less than four objects may change at once: here are enough of each that matters.
    for (int i = 1; i <= 4; i++) {
      Kubernetes.kubectl(
          clusters.two,
          "",
          "create",
          "service",
          "clusterip",
          "-n",
          "demo",
          "more-" + i,
          "--tcp=80");
    }
    try (PortolanServer server = clusters.portolan(data(), quick);
        ModelProxy far = TwoClusters.proxy(server, "two")) {
      far.await(BACKEND, SOON, hosts -> isDirect(hosts, 2));
      clusters.two.restartEmpty();
      assertEquals(NOTHING, far.quiet(QUIET), "an empty list is not believed at once");
      assertTrue(isDirect(far.hosts(BACKEND), 2));
      // It goes on being empty, so it is believed in the end.
      far.await(BACKEND, Duration.ofMinutes(3), List::isEmpty);
    } finally {
      clusters.prepareAgain();
    }
  }
}
