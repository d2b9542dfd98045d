package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.it.kube.Kubernetes;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The labs as a user runs them, on real Envoys; every expectation of their scripts must hold. */
class LabTest {
  private static final long LIMIT_SECONDS = 300;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "active-active",
        "active-active --kubernetes",
        "active-passive",
        "hub-spoke",
        "primary-remote",
        "multi-primary"
      })
  void everyExpectationHolds(String arguments) throws Exception {
    if (arguments.contains("--kubernetes")) {
      // Built before the clock runs: that takes minutes on a new machine.
      var _ = Kubernetes.binaries();
    }
    Path target = Workspace.target();
    Path output = target.resolve("lab-" + arguments.replace(" --", "-") + ".txt");
    List<String> command =
        new ArrayList<>(
            List.of(
                Workspace.java(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-jar",
                Workspace.jar().toString(),
                "lab",
                "--once"));
    command.addAll(List.of(arguments.split(" ", -1)));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().put("ENVOY", Workspace.envoy().toString());
    builder.environment().put("PORTOLAN_HOME", Workspace.root().toString());
    builder.environment().put("XDG_STATE_HOME", target.resolve("state").toString());
    Process lab = builder.start();
    try {
      assertTrue(lab.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "the lab ends");
    } finally {
      lab.destroy();
    }
    String text = Files.readString(output, StandardCharsets.UTF_8);
    assertEquals(0, lab.exitValue(), text);
    assertTrue(text.contains("PASSED"), text);
    assertTrue(text.contains("were sent 0 bytes of resources"), text);
  }
}
