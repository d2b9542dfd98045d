package io.portolan.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portolan.install.Chart;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What {@code portolan install} prints and refuses, and whether its own program understands it. */
class InstallCommandTest {
  @TempDir Path directory;

  private record Ran(int code, String out, String err) {}

  private static Ran run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Main.commandLine()
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
            .execute(arguments);
    return new Ran(code, out.toString(), err.toString());
  }

  /** The settings of an istioctl command line for a primary cluster, as users have them. */
  @Test
  void takesAPrimarysCommandLine() {
    Ran ran =
        run(
            "install",
            "--print",
            "--skip-crds",
            "--set",
            "values.pilot.env.EXTERNAL_ISTIOD=true",
            "--set",
            "values.global.meshID=mesh1",
            "--set",
            "values.global.network=network1",
            "--set",
            "values.istiod.env.EXTERNAL_ISTIOD=true",
            "--set",
            "gateways.eastwest.enabled=true");
    assertEquals(Exit.OK, ran.code(), ran.err());
    assertTrue(ran.out().contains("topology.istio.io/network: \"network1\""), ran.out());
    assertTrue(ran.out().contains("meshId: \"mesh1\""), ran.out());
    for (String port : List.of("15021", "15012", "15017", "15443")) {
      assertTrue(ran.out().contains("targetPort: " + port), port);
    }
    assertFalse(ran.out().contains("kind: CustomResourceDefinition"));
  }

  /** The same for a remote cluster: the address of a control plane makes it one. */
  @Test
  void takesARemotesCommandLine() {
    Ran ran =
        run(
            "install",
            "--print",
            "--set",
            "values.global.meshID=mesh1",
            "--set",
            "values.global.network=network2",
            "--set",
            "values.pilot.env.PILOT_ENABLE_WORKLOAD_ENTRY_AUTOREGISTRATION=true",
            "--set",
            "values.pilot.env.PILOT_ENABLE_CROSS_CLUSTER_WORKLOAD_ENTRY=true",
            "--set",
            "values.global.remotePilotAddress=203.0.113.7");
    assertEquals(Exit.OK, ran.code(), ran.err());
    assertTrue(ran.out().contains("- \"203.0.113.7\""), ran.out());
    assertFalse(ran.out().contains("kind: Deployment"), ran.out());
    assertTrue(ran.out().contains("kind: CustomResourceDefinition"));
  }

  @Test
  void saysEverythingThatIsWrong() {
    Ran ran = run("install", "--print", "--set", "size=xl", "--set", "global.netwrok=a");
    assertEquals(Exit.FAILED, ran.code());
    assertTrue(ran.err().contains("size: \"xl\" (expected one of [\"s\",\"m\",\"l\"])"), ran.err());
    assertTrue(ran.err().contains("global.netwrok: is not a setting"), ran.err());
    assertEquals("", ran.out());
  }

  @Test
  void namesAKubeconfigThatIsNotThere() {
    Ran ran = run("install", "--kubeconfig", directory.resolve("none").toString());
    assertEquals(Exit.FAILED, ran.code());
    assertTrue(ran.err().contains("none: is not a file that can be read"), ran.err());
  }

  @Test
  void serveKnowsTheArgumentsOfTheChart() throws Exception {
    CommandLine serve = Main.commandLine().getSubcommands().get("serve");
    Set<String> unknown = new TreeSet<>();
    for (JsonNode argument :
        primary("Deployment")
            .path("spec")
            .path("template")
            .path("spec")
            .path("containers")
            .path(0)
            .path("args")) {
      String name = argument.asText().split("=", 2)[0];
      if (name.startsWith("--") && serve.getCommandSpec().findOption(name) == null) {
        unknown.add(name);
      }
    }
    assertEquals(Set.of(), unknown, "arguments of the chart that serve does not have");
  }

  /** The mesh settings of the chart are read without an error by the program they are for. */
  @Test
  void theMeshSettingsAreValid() throws Exception {
    Files.writeString(
        directory.resolve("mesh.yaml"), primary("ConfigMap").path("data").path("mesh").asText());
    Files.createDirectories(directory.resolve("Kubernetes"));
    Ran ran = run("validate", directory.toString());
    assertEquals(Exit.OK, ran.code(), ran.out() + ran.err());
  }

  private static JsonNode primary(String kind) throws Exception {
    Chart chart = Chart.packaged();
    return chart
        .render(
            chart.settings(List.of("global.network=network1", "global.meshID=mesh1")),
            "istio-system")
        .stream()
        .filter(d -> d.kind().equals(kind))
        .map(Chart.Document::tree)
        .findFirst()
        .orElseGet(() -> new ObjectMapper().createObjectNode());
  }
}
