package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.it.kube.Kubernetes;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The labs on real API servers, each in a network namespace of its own where one can be made. */
class KubernetesLabTest {
  private static final Duration START = Duration.ofSeconds(150);
  private static final long PAUSE_NANOS = 200_000_000;
  private static final Duration END = Duration.ofSeconds(60);

  @BeforeAll
  static void build() throws IOException {
    // Before the clock runs: that takes minutes on a new machine.
    var _ = Kubernetes.binaries();
  }

  @ParameterizedTest
  @ValueSource(strings = {"active-active", "hub-spoke", "primary-remote", "multi-primary"})
  void everyExpectationHolds(String scenario) throws Exception {
    try (LabRun lab = new LabRun(scenario, "--kubernetes", "--once")) {
      lab.passes();
      // Where no namespace can be made the lab says so; then pods are the source.
      boolean namespace = lab.text().contains("in a network namespace of its own");
      assertTrue(
          namespace
              ? lab.text().contains("made by kube-controller-manager")
              : lab.text().contains("No network namespace can be made here"),
          lab.text());
      assertTrue(lab.text().contains("were sent 0 bytes of resources"), lab.text());
    }
  }

  @Test
  void aUserGetsInAndAKilledLabLeavesNothing() throws Exception {
    try (LabRun lab = new LabRun("multi-primary", "--kubernetes")) {
      await(START, () -> lab.text().contains("CLIENT "), lab);
      boolean namespace = lab.text().contains("in a network namespace of its own");
      String kind = namespace ? "endpointslices" : "pods";
      String objects =
          lab.command("exec", "--", "kubectl", "get", kind, "-n", "demo", "-o", "name");
      assertTrue(objects.contains("/backend-"), objects);
      assertTrue(objects.endsWith("0"), objects);
      assertEquals("3", lab.command("exec", "--", "sh", "-c", "exit 3"));

      assertEquals("ok\n0", lab.command("cut", "west", "--control"));
      await(END, () -> lab.text().contains("API server frozen"), lab);
      assertEquals("ok\n0", lab.command("heal", "west"));
      String refused = lab.command("cut", "nobody");
      assertTrue(refused.contains("'nobody' has nothing to cut"), refused);

      List<ProcessHandle> children = lab.children();
      assertTrue(children.size() > 10, children.size() + " processes");
      assertTrue(lab.process().destroyForcibly());
      await(END, () -> children.stream().noneMatch(ProcessHandle::isAlive), lab);
    }
  }

  private interface Condition {
    boolean holds() throws IOException;
  }

  private static void await(Duration longest, Condition condition, LabRun lab) throws Exception {
    long end = System.nanoTime() + longest.toNanos();
    while (!condition.holds()) {
      assertTrue(System.nanoTime() < end, lab.text());
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }
}
