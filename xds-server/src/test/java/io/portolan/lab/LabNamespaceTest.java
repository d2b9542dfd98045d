package io.portolan.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabNamespaceTest {
  private static final String LOCAL = "PATH=$PATH:/usr/sbin:/sbin ip route get 10.71.0.5";

  @TempDir private Path directory;

  private static LabNamespace namespace() {
    LabNamespace.Found found = LabNamespace.find(List.of("10.71.0.0/16"));
    assumeTrue(
        found instanceof LabNamespace.Usable,
        "NOT TESTED, no network namespace can be made here: " + found);
    return ((LabNamespace.Usable) found).namespace();
  }

  @Test
  void itsNetworksAreLocalAndNothingElseIsReached() throws IOException {
    LabNamespace namespace = namespace();
    assertEquals(0, namespace.run(List.of("sh", "-c", LOCAL + " | grep -q '^local'")));
    assertEquals(
        7, namespace.run(List.of("sh", "-c", "ip route get 10.72.0.5 2>/dev/null || exit 7")));
  }

  @Test
  void aCommandRunsWhereAnotherProcessIs() throws Exception {
    LabNamespace namespace = namespace();
    Path pid = directory.resolve("pid");
    String wait = "echo $$ > " + pid + ".next; mv " + pid + ".next " + pid + "; exec sleep 60";
    try (ExecutorService thread = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Integer> running = thread.submit(() -> namespace.run(List.of("sh", "-c", wait)));
      Wait.until(Duration.ofSeconds(20), "its pid", () -> Files.exists(pid));
      long inside = Long.parseLong(Files.readString(pid).strip());
      assertEquals(
          5,
          LabNamespace.runWithin(
              inside,
              List.of("sh", "-c", LOCAL + " | grep -q '^local' && exit $CODE"),
              Map.of("CODE", "5")));
      assertTrue(ProcessHandle.of(inside).orElseThrow().destroyForcibly());
      assertEquals(137, exit(running), "128 + SIGKILL");
    }
  }

  private static int exit(Future<Integer> running) throws InterruptedException {
    try {
      return running.get();
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aNetworkThatIsNoneIsTheReason() {
    var unusable =
        assertInstanceOf(LabNamespace.Unusable.class, LabNamespace.find(List.of("nonsense")));
    assertTrue(unusable.reason().contains("unshare"), unusable.reason());
  }
}
