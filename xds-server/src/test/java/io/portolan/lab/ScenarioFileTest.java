package io.portolan.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScenarioFileTest {
  private static final Path LABS = Path.of("..", "deploy", "labs");

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {"active-active", "active-passive", "hub-spoke", "multi-primary", "primary-remote"})
  void scenariosAreReadWithTheAddressesOfWhereTheyRun(String name) throws IOException {
    Scenario loopback = ScenarioFile.read(LABS.resolve(name), LabAddresses.LOOPBACK);
    Scenario namespace = ScenarioFile.read(LABS.resolve(name), LabAddresses.NAMESPACE);
    assertFalse(loopback.steps(false).isEmpty());
    assertFalse(loopback.steps(true).isEmpty());
    for (Scenario.Workload w : loopback.workloads()) {
      assertTrue(w.address().startsWith("127."), w.address());
    }
    for (Scenario.Workload w : namespace.workloads()) {
      assertTrue(w.address().startsWith("10."), w.address());
    }
    for (Scenario.ControlPlane one : namespace.controlPlanes()) {
      assertTrue(one.xds().startsWith("10."), one.xds());
      assertTrue(
          one.config().isEmpty()
              || Files.isDirectory(LABS.resolve(name).resolve("mesh").resolve(one.config())),
          one.config());
    }
    for (Scenario.Step step : namespace.steps(true)) {
      var _ = TrafficSteps.part(step);
    }
  }

  @Test
  void aScenarioWithoutStepsForApiServersRunsTheOthers() throws IOException {
    Files.writeString(
        directory.resolve("scenario.yaml"),
        "title: one\ncontrolPlanes: [{name: p, cluster: c, address: 127.71.0.200}]\n"
            + "script: [{do: identities}]\n");
    Scenario scenario = ScenarioFile.read(directory, LabAddresses.NAMESPACE);
    assertEquals(scenario.steps(false), scenario.steps(true));
    assertEquals("c", scenario.controlPlanes().getFirst().config(), "where it stands");
    assertEquals(List.of("10.71.0.200:15012"), scenario.xdsOf("c"));
  }

  @Test
  void anUnknownPartIsRefused() {
    Scenario.Step step = new Scenario.Step("cut", java.util.Map.of("part", "half"));
    IOException refused = assertThrows(IOException.class, () -> TrafficSteps.part(step));
    assertTrue(refused.getMessage().contains("part 'half'"), refused.getMessage());
  }
}
