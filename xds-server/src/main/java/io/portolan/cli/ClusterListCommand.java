package io.portolan.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.portolan.registry.source.kubernetes.membership.Claim;
import io.portolan.registry.source.kubernetes.membership.Credentials;
import io.portolan.registry.source.kubernetes.membership.KubeconfigParser;
import io.portolan.registry.source.kubernetes.membership.MembershipReducer;
import io.portolan.registry.source.kubernetes.membership.RemoteSecrets;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "list",
    description = {
      "Lists the clusters that remote secrets name, with their state in a running control plane.",
      "",
      "Exit code 0 when every one can be used, 1 when not. The phase is '-' when no control plane"
          + " answers at the admin port."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ClusterListCommand implements Callable<Integer> {
  @Option(
      names = "--admin",
      paramLabel = "HOST:PORT",
      defaultValue = "${env:PORTOLAN_ADMIN_ADDRESS:-127.0.0.1:15014}",
      description = "Admin port. Default: 127.0.0.1:15014. Environment: PORTOLAN_ADMIN_ADDRESS")
  private String admin = "127.0.0.1:15014";

  @Option(names = "--output", defaultValue = "text", description = "text or json. Default: text")
  private OutputFormat output = OutputFormat.TEXT;

  @Mixin private ConfigClusterOptions config = new ConfigClusterOptions();

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    List<Claim> claims = config.claims();
    var decision = MembershipReducer.decide("", Map.of(), claims);
    Map<String, JsonNode> live = live();
    ArrayNode rows = new ObjectMapper().createArrayNode();
    claims.stream()
        .sorted(Comparator.comparing(Claim::cluster).thenComparing(Claim::source))
        .forEach(
            claim -> {
              ObjectNode row = rows.addObject();
              fill(row, claim);
              row.put("phase", phase(live.get(claim.cluster())));
              ArrayNode problems = row.putArray("problems");
              decision.findings().stream()
                  .filter(f -> f.file().equals(claim.source()))
                  .filter(f -> f.object().equals("cluster " + claim.cluster()))
                  .forEach(f -> problems.add(f.message()));
            });
    PrintWriter out = Terminal.out(spec);
    if (output == OutputFormat.JSON) {
      out.println(rows.toPrettyString());
    } else {
      print(out, rows);
    }
    return decision.findings().isEmpty() ? Exit.OK : Exit.FAILED;
  }

  /** Nobody at the admin port is an answer, not a failure. */
  private Map<String, JsonNode> live() {
    Map<String, JsonNode> clusters = new TreeMap<>();
    try {
      for (JsonNode node : new AdminClient(admin).json("/debug/clusters")) {
        clusters.put(node.path("id").asText(), node);
      }
    } catch (IOException e) {
      return Map.of();
    }
    return clusters;
  }

  private static String phase(@Nullable JsonNode cluster) {
    String phase = cluster == null ? "" : cluster.path("member").path("phase").asText();
    return phase.isEmpty() ? "-" : phase;
  }

  private static void fill(ObjectNode row, Claim claim) {
    row.put("cluster", claim.cluster()).put("source", claim.source());
    if (claim.content() instanceof KubeconfigParser.Usable usable) {
      Instant end = Credentials.expiry(usable.config().auth());
      row.put("server", usable.config().server().toString());
      row.put("credential", usable.config().auth().kind());
      row.put("expires", end == null ? "never" : end.toString());
    } else {
      row.put("server", "-").put("credential", "-").put("expires", "-");
    }
  }

  private void print(PrintWriter out, ArrayNode rows) {
    if (rows.isEmpty()) {
      out.println(
          "no clusters: namespace "
              + config.rootNamespace()
              + " has no Secret with the label "
              + RemoteSecrets.LABEL
              + "=true");
      return;
    }
    Table table = new Table("CLUSTER", "PHASE", "SERVER", "CREDENTIAL", "EXPIRES", "SOURCE");
    for (JsonNode row : rows) {
      table.row(
          row.path("cluster").asText(),
          row.path("phase").asText(),
          row.path("server").asText(),
          row.path("credential").asText(),
          row.path("expires").asText(),
          row.path("source").asText());
    }
    table.print(out);
    for (JsonNode row : rows) {
      for (JsonNode problem : row.path("problems")) {
        out.println();
        out.println(
            row.path("cluster").asText()
                + " ("
                + row.path("source").asText()
                + "): "
                + problem.asText());
      }
    }
  }
}
