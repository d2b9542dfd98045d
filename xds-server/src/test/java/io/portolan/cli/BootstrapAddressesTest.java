package io.portolan.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** The control planes that {@code portolan bootstrap} names. */
class BootstrapAddressesTest {
  private record Ran(int code, String out, String err) {}

  private static Ran bootstrap(String... more) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    List<String> arguments =
        new java.util.ArrayList<>(
            List.of(
                "bootstrap",
                "--cluster",
                "east",
                "--namespace",
                "demo",
                "--service-account",
                "client",
                "--name",
                "client-1",
                "--address",
                "10.1.0.1",
                "--output",
                "json"));
    arguments.addAll(List.of(more));
    int code =
        Main.commandLine()
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
            .execute(arguments.toArray(String[]::new));
    return new Ran(code, out.toString(), err.toString());
  }

  private static JsonNode xdsCluster(Ran ran) throws IOException {
    assertEquals(Exit.OK, ran.code(), ran.err());
    return new ObjectMapper().readTree(ran.out()).path("static_resources").path("clusters").path(0);
  }

  @Test
  void oneControlPlaneIsNeverGivenUp() throws IOException {
    JsonNode cluster = xdsCluster(bootstrap("--xds-address", "cp.example:15012"));
    assertEquals(1, cluster.path("load_assignment").path("endpoints").size());
    assertFalse(cluster.has("outlier_detection"), "there is nothing to go on to");
  }

  @Test
  void severalAreReplicasInOrderOfPreference() throws IOException {
    JsonNode cluster =
        xdsCluster(
            bootstrap("--xds-address", "cp-1.example:15012,[fd00::2]:15013,127.0.0.1:15014"));
    JsonNode groups = cluster.path("load_assignment").path("endpoints");
    List<String> seen = new java.util.ArrayList<>();
    for (JsonNode group : groups) {
      JsonNode address =
          group
              .path("lb_endpoints")
              .path(0)
              .path("endpoint")
              .path("address")
              .path("socket_address");
      seen.add(
          group.path("priority").asInt()
              + " "
              + address.path("address").asText()
              + " "
              + address.path("port_value").asInt());
    }
    assertEquals(List.of("0 cp-1.example 15012", "1 fd00::2 15013", "2 127.0.0.1 15014"), seen);
    JsonNode outlier = cluster.path("outlier_detection");
    assertEquals(2, outlier.path("consecutive_local_origin_failure").asInt());
    assertEquals(100, outlier.path("max_ejection_percent").asInt());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "--xds-address nonsense",
        "--xds-address 127.0.0.1:15012,nonsense",
        "--xds-address :15012",
        "--xds-address host:port",
        "--xds-address host:70000",
        "--xds-address host:-1",
        "--admin-address 15000"
      })
  void whatIsNoAddressIsNamed(String option, String value) {
    Ran ran = bootstrap(option, value);
    assertEquals(Exit.USAGE, ran.code(), ran.err());
    String wrong = value.substring(value.indexOf(',') + 1);
    assertTrue(ran.err().contains("'" + wrong + "' (expected host:port)"), ran.err());
  }
}
