package io.portolan.it.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.cli.AdminClient;
import io.portolan.server.PortolanServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a proxy sees when a member's API server comes back with other content: exactly the
 * difference, and nothing at once when more than half is gone.
 */
class KubernetesContentTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  private static final Duration QUIET = Duration.ofSeconds(4);
  private static final ModelProxy.Sent NOTHING = new ModelProxy.Sent(0, 0);
  private static final AtomicInteger RUNS = new AtomicInteger();

  @TempDir static Path home;
  private static TwoClusters clusters;

  @BeforeAll
  static void start() throws IOException {
    clusters = new TwoClusters(home);
    clusters.join("istio-remote-secret-two", clusters.two.adminToken());
  }

  @AfterAll
  static void stop() throws IOException {
    clusters.close();
  }

  @BeforeEach
  void anew() throws IOException {
    clusters.link.mode(CutProxy.Mode.PASS);
    Kubernetes.kubectl(
        clusters.two, "", "delete", "services,endpointslices", "-n", "demo", "--all", "--wait");
    shop(eight());
  }

  private static Path data() {
    return home.resolve("data-" + RUNS.incrementAndGet());
  }

  /** Services {@code s1} to {@code s8} with one endpoint each. */
  private static Map<String, String> eight() {
    Map<String, String> services = new TreeMap<>();
    for (int i = 1; i <= 8; i++) {
      services.put("s" + i, "10.72.2." + i);
    }
    return services;
  }

  /** Services without a selector, their addresses in slices by hand. */
  private static void shop(Map<String, String> services) throws IOException {
    StringBuilder yaml = new StringBuilder();
    services.forEach(
        (name, address) ->
            yaml.append(
                """
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: %1$s, namespace: demo}
                spec: {clusterIP: 10.96.77.%3$s, ports: [{name: http, port: 8080}]}
                ---
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata:
                  name: %1$s-a
                  namespace: demo
                  labels: {kubernetes.io/service-name: %1$s}
                addressType: IPv4
                endpoints: [{addresses: [%2$s], conditions: {ready: true}}]
                ports: [{name: http, port: 8080}]
                """
                    .formatted(name, address, name.substring(1))));
    Kubernetes.apply(clusters.two, yaml.toString());
  }

  private static void close(String... services) throws IOException {
    for (String service : services) {
      Kubernetes.kubectl(
          clusters.two,
          "",
          "delete",
          "service/" + service,
          "endpointslice/" + service + "-a",
          "-n",
          "demo",
          "--wait");
    }
  }

  private static String cluster(String service) {
    return "outbound|8080||" + service + ".demo.svc.cluster.local";
  }

  private static void awaitAddress(
      ModelProxy proxy, String service, String address, Duration patience)
      throws InterruptedException {
    proxy.await(
        cluster(service),
        patience,
        hosts -> hosts.size() == 1 && hosts.getFirst().address().equals(address));
  }

  private static void awaitAll(ModelProxy proxy) throws InterruptedException {
    for (var each : eight().entrySet()) {
      awaitAddress(proxy, each.getKey(), each.getValue(), SOON);
    }
  }

  /** Nothing of the server gets through any more. */
  private static void away() throws IOException {
    clusters.link.mode(CutProxy.Mode.REFUSE);
    clusters.link.cut();
  }

  /**
   * What was sent since a mark, each resource once. A service whose slice goes before it has empty
   * endpoints for that moment, which is not counted.
   */
  private static List<String> sentSince(ModelProxy proxy, int mark) {
    List<String> log = proxy.log();
    TreeSet<String> sent = new TreeSet<>(log.subList(mark, log.size()));
    sent.removeIf(n -> sent.contains("no cluster " + n.replace("endpoints ", "")));
    return List.copyOf(sent);
  }

  private static String page(PortolanServer server, String path) throws IOException {
    return new AdminClient("127.0.0.1:" + server.adminAddress().getPort()).text(path).body();
  }

  /** Names of the expected resources: changed endpoints, new services, services that are gone. */
  private static List<String> difference(
      List<String> changed, List<String> added, List<String> gone) {
    TreeSet<String> names = new TreeSet<>();
    changed.forEach(s -> names.add("endpoints " + cluster(s)));
    added.forEach(s -> names.add("cluster " + cluster(s)));
    added.forEach(s -> names.add("endpoints " + cluster(s)));
    gone.forEach(s -> names.add("no cluster " + cluster(s)));
    return List.copyOf(names);
  }

  /** Half of the services change: two others, two gone, one new, all in one absence. */
  private static void otherContent() throws IOException {
    shop(Map.of("s1", "10.72.3.1", "s2", "10.72.3.2", "s9", "10.72.2.9"));
    close("s7", "s8");
  }

  private static void assertOtherContent(ModelProxy far, int mark) throws InterruptedException {
    awaitAddress(far, "s1", "10.72.3.1", SOON);
    awaitAddress(far, "s2", "10.72.3.2", SOON);
    awaitAddress(far, "s9", "10.72.2.9", SOON);
    far.await(cluster("s7"), SOON, List::isEmpty);
    far.await(cluster("s8"), SOON, List::isEmpty);
    far.quiet(QUIET);
    assertEquals(
        difference(List.of("s1", "s2"), List.of("s9"), List.of("s7", "s8")), sentSince(far, mark));
    Map<String, Long> times =
        far.log().subList(mark, far.log().size()).stream()
            .collect(Collectors.groupingBy(n -> n, TreeMap::new, Collectors.counting()));
    // A service that is listed before its slice has an empty load assignment first.
    times.remove("endpoints " + cluster("s9"));
    assertTrue(times.values().stream().allMatch(n -> n == 1), times::toString);
  }

  @Test
  void otherContentIsTheDifferenceAndNoMore() throws Exception {
    try (PortolanServer server = clusters.portolan(data(), "");
        ModelProxy far = TwoClusters.proxy(server, "two")) {
      awaitAll(far);
      away();
      int mark = far.log().size();
      otherContent();
      clusters.two.kill();
      clusters.two.restart();
      assertEquals(NOTHING, far.quiet(QUIET), "while it is away");
      clusters.link.mode(CutProxy.Mode.PASS);
      assertOtherContent(far, mark);
      assertFalse(page(server, "/debug/findings").contains("another cluster"), "it is the same");
    }
  }

  @Test
  void anotherClusterAtTheSameAddressIsTheDifferenceAndSaidLoudly() throws Exception {
    Path data = data();
    try (PortolanServer server = clusters.portolan(data, "");
        ModelProxy far = TwoClusters.proxy(server, "two")) {
      awaitAll(far);
      away();
      int mark = far.log().size();
      clusters.two.restartEmpty();
      clusters.prepareAgain();
      shop(eight());
      otherContent();
      assertEquals(NOTHING, far.quiet(QUIET), "while it is away");
      clusters.link.mode(CutProxy.Mode.PASS);
      far.await(cluster("s9"), SOON, hosts -> hosts.size() == 1);
      assertOtherContent(far, mark);
      String findings = page(server, "/debug/findings");
      assertTrue(findings.contains("its API server answers for another cluster"), findings);
      assertTrue(page(server, "/debug/clusters").contains("\"replaced\""), "status says so too");
    }
  }

  @Test
  void moreThanHalfGoneIsHeldDownAndConfirmed() throws Exception {
    String quick = "clusterHealth: {relist: {minimum: 4, holdDown: 8s}}\n";
    try (PortolanServer server = clusters.portolan(data(), quick);
        ModelProxy far = TwoClusters.proxy(server, "two")) {
      awaitAll(far);
      away();
      int mark = far.log().size();
      close("s3", "s4", "s5", "s6", "s7", "s8");
      clusters.two.kill();
      clusters.two.restart();
      int accepted = clusters.link.accepted();
      clusters.link.mode(CutProxy.Mode.PASS);
      while (clusters.link.accepted() == accepted) {
        far.quiet(Duration.ofMillis(100));
      }
      assertEquals(NOTHING, far.quiet(QUIET), "six of ten services are not believed at once");
      for (String gone : List.of("s3", "s4", "s5", "s6", "s7", "s8")) {
        far.await(cluster(gone), SOON, List::isEmpty);
      }
      far.quiet(QUIET);
      List<String> sent = sentSince(far, mark);
      assertEquals(
          difference(List.of(), List.of(), List.of("s3", "s4", "s5", "s6", "s7", "s8")),
          sent.stream().filter(n -> n.startsWith("no ")).toList());
      assertTrue(
          sent.stream().noneMatch(n -> n.contains(cluster("s1")) || n.contains(cluster("s2"))),
          sent::toString);
    }
  }

  @Test
  void anOlderStateOfTheSameClusterIsTheDifferenceAndNoMore() throws Exception {
    clusters.two.keepState();
    try (PortolanServer server = clusters.portolan(data(), "");
        ModelProxy far = TwoClusters.proxy(server, "two")) {
      awaitAll(far);
      shop(Map.of("s1", "10.72.3.1", "s9", "10.72.2.9"));
      close("s8");
      awaitAddress(far, "s1", "10.72.3.1", SOON);
      awaitAddress(far, "s9", "10.72.2.9", SOON);
      far.await(cluster("s8"), SOON, List::isEmpty);
      far.quiet(QUIET);
      int mark = far.log().size();
      // One request that waits until the server is back would be no outage that a client can see.
      away();
      clusters.two.restartAsKept();
      clusters.link.mode(CutProxy.Mode.PASS);
      awaitAddress(far, "s1", "10.72.2.1", SOON);
      awaitAddress(far, "s8", "10.72.2.8", SOON);
      far.await(cluster("s9"), SOON, List::isEmpty);
      far.quiet(QUIET);
      assertEquals(difference(List.of("s1"), List.of("s8"), List.of("s9")), sentSince(far, mark));
      // Resource versions have gone back, and the next change counts all the same.
      mark = far.log().size();
      shop(Map.of("s2", "10.72.3.2"));
      awaitAddress(far, "s2", "10.72.3.2", SOON);
      assertEquals(difference(List.of("s2"), List.of(), List.of()), sentSince(far, mark));
      assertFalse(page(server, "/debug/findings").contains("another cluster"), "it is the same");
    }
  }
}
