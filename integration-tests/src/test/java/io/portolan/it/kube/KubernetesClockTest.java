package io.portolan.it.kube;

import static io.portolan.it.kube.TwoClusters.BACKEND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.server.PortolanServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clocks that are off, the API server's and our own: no proxy sees anything of it. */
class KubernetesClockTest {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final Duration QUIET = Duration.ofSeconds(4);
  private static final ModelProxy.Sent NOTHING = new ModelProxy.Sent(0, 0);
  private static final AtomicInteger RUNS = new AtomicInteger();

  @TempDir static Path home;
  private static TwoClusters clusters;
  private static SkewedServer skewed;

  @BeforeAll
  static void start() throws Exception {
    clusters = new TwoClusters(home);
    skewed = new SkewedServer(clusters.two);
    clusters.backends(clusters.two, "10.72", 2);
  }

  @AfterAll
  static void stop() throws IOException {
    skewed.close();
    clusters.close();
  }

  private static Path data() {
    return home.resolve("data-" + RUNS.incrementAndGet());
  }

  private static void changeOne(ModelProxy far, boolean ready) throws Exception {
    ModelProxy.Sent before = far.sent();
    clusters.ready(clusters.two, "backend-2", "10.72.1.2", ready);
    far.await(
        BACKEND,
        SOON,
        hosts ->
            hosts.stream()
                    .filter(
                        h ->
                            h.health() != io.envoyproxy.envoy.config.core.v3.HealthStatus.UNHEALTHY)
                    .count()
                == (ready ? 2 : 1));
    assertEquals(new ModelProxy.Sent(1, 1), far.sent().since(before), "one change, one push");
  }

  @Test
  void theServersClockCostsNoPushAndTheDoctorSaysIt() throws Exception {
    String kubeconfig = clusters.two.kubeconfig(skewed.url(), clusters.two.adminToken());
    clusters.joinBy("istio-remote-secret-two", kubeconfig);
    Path file = Files.writeString(home.resolve("skewed.kubeconfig"), kubeconfig);
    try (PortolanServer server = clusters.portolan(data(), "");
        ModelProxy far = TwoClusters.proxy(server, "two")) {
      far.await(BACKEND, SOON, hosts -> hosts.size() == 2);
      far.quiet(QUIET);
      for (Duration skew : List.of(Duration.ofHours(1), Duration.ofHours(-1))) {
        ModelProxy.Sent before = far.sent();
        int answers = skewed.changed();
        skewed.skew(skew);
        skewed.cut();
        assertEquals(NOTHING, far.quiet(QUIET), () -> "clock off by " + skew);
        assertTrue(skewed.changed() > answers, "there were answers with another date");
        assertEquals(NOTHING, far.sent().since(before));
        Command check = Command.run("cluster", "check", "--kubeconfig", file.toString());
        assertEquals(1, check.code(), check.out());
        assertTrue(
            check.out().contains(skew.isNegative() ? " min behind" : " min ahead"), check.out());
        assertTrue(check.out().contains("remedy: synchronise the clocks"), check.out());
      }
      skewed.skew(Duration.ZERO);
      changeOne(far, false);
      changeOne(far, true);
      Command check = Command.run("cluster", "check", "--kubeconfig", file.toString());
      assertTrue(check.out().contains("the server's clock is right"), check.out());
    }
  }

  /** A clock that jumps when it is told to. */
  private static final class Jumping extends Clock {
    private final AtomicReference<Duration> by = new AtomicReference<>(Duration.ZERO);

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return Clock.systemUTC().instant().plus(by.get());
    }
  }

  @Test
  void ourOwnClockThatJumpsCostsNoPush() throws Exception {
    clusters.join("istio-remote-secret-two", clusters.two.adminToken());
    Jumping clock = new Jumping();
    try (PortolanServer server = clusters.portolan(data(), "", clock);
        ModelProxy near = TwoClusters.proxy(server, "one");
        ModelProxy far = TwoClusters.proxy(server, "two")) {
      near.await(BACKEND, SOON, hosts -> hosts.size() == 1);
      far.await(BACKEND, SOON, hosts -> hosts.size() == 2);
      far.quiet(QUIET);
      ModelProxy.Sent nearBefore = near.sent();
      for (Duration jump :
          List.of(Duration.ofHours(1), Duration.ofHours(-1), Duration.ofDays(1), Duration.ZERO)) {
        clock.by.set(jump);
        assertEquals(NOTHING, far.quiet(QUIET), () -> "own clock off by " + jump);
        // Also when every request is made anew under the other clock.
        clusters.link.cut();
        assertEquals(NOTHING, far.quiet(QUIET), () -> "reconnected, own clock off by " + jump);
      }
      assertEquals(NOTHING, near.sent().since(nearBefore));
      clock.by.set(Duration.ofHours(-1));
      changeOne(far, false);
      changeOne(far, true);
    }
  }
}
