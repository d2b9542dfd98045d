package io.portolan.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "status",
    description = {
      "Shows a running control plane: clusters, who of several replicas leads and what it has written,"
          + " gateways, connected proxies with what they were sent, acknowledged and refused, and"
          + " findings in the mesh directory and the API servers.",
      "",
      "Exit code 0 when it is ready and nothing was refused, 1 when not, 3 when it cannot be reached."
    },
    mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {
  @Option(
      names = "--admin",
      paramLabel = "HOST:PORT",
      defaultValue = "${env:PORTOLAN_ADMIN_ADDRESS:-127.0.0.1:15014}",
      description = "Admin port. Default: 127.0.0.1:15014. Environment: PORTOLAN_ADMIN_ADDRESS")
  private String admin = "127.0.0.1:15014";

  @Option(names = "--output", defaultValue = "text", description = "text or json. Default: text")
  private OutputFormat output = OutputFormat.TEXT;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    AdminClient client = new AdminClient(admin);
    ObjectNode all = new ObjectMapper().createObjectNode();
    PrintWriter out = Terminal.out(spec);
    try {
      AdminClient.Answer ready = client.text("/ready");
      all.put("ready", ready.status() == 200).put("readiness", ready.body().strip());
      for (String page : List.of("clusters", "leader", "gateways", "proxies", "findings")) {
        all.set(page, client.json("/debug/" + page));
      }
    } catch (IOException e) {
      Terminal.err(spec)
          .println(
              "portolan: no control plane answers at "
                  + admin
                  + " (remedy: start one with 'portolan serve', or name it with --admin)");
      return Exit.UNREACHABLE;
    }
    if (output == OutputFormat.JSON) {
      out.println(all.toPrettyString());
    } else {
      print(out, all);
    }
    return healthy(all) ? Exit.OK : Exit.FAILED;
  }

  private static boolean healthy(JsonNode all) {
    boolean nacked = false;
    for (JsonNode proxy : all.path("proxies")) {
      for (JsonNode type : proxy.path("types")) {
        nacked |= !type.path("lastNack").isNull() && !type.path("lastNack").isMissingNode();
      }
    }
    return all.path("ready").asBoolean() && !nacked;
  }

  static void print(PrintWriter out, JsonNode all) {
    boolean ready = all.path("ready").asBoolean();
    out.println(
        Ansi.AUTO.string(
            ready
                ? "@|bold,green ready|@"
                : "@|bold,red " + all.path("readiness").asText() + "|@"));
    ClusterLines.print(out, all.path("clusters"));
    LeaderLines.print(out, all.path("leader"));
    Table gateways = new Table("GATEWAY", "NETWORK", "STATE", "REASON");
    for (JsonNode g : all.path("gateways")) {
      gateways.row(
          g.path("address").asText() + ":" + g.path("port").asText(),
          g.path("network").asText(),
          g.path("up").asBoolean() ? "up" : "DOWN",
          g.path("reason").asText());
    }
    gateways.print(out);
    Table proxies =
        new Table(
            "PROXY", "CLUSTER", "PROTOCOL", "CDS", "EDS", "LDS", "RDS", "SDS", "BYTES", "REFUSED");
    for (JsonNode p : all.path("proxies")) {
      List<String> cells =
          new ArrayList<>(
              List.of(
                  p.path("name").asText() + "." + p.path("namespace").asText(),
                  p.path("cluster").asText(),
                  p.path("protocol").asText()));
      long refused = 0;
      for (String type : List.of("CDS", "EDS", "LDS", "RDS", "SDS")) {
        JsonNode t = p.path("types").path(type);
        refused += t.path("nacked").asLong();
        cells.add(state(t));
      }
      cells.add(p.path("bytesSent").asText());
      cells.add(Long.toString(refused));
      proxies.row(cells.toArray(String[]::new));
    }
    proxies.print(out);
    for (JsonNode p : all.path("proxies")) {
      p.path("types")
          .properties()
          .forEach(
              t -> {
                String nack = t.getValue().path("lastNack").asText("");
                if (!nack.isEmpty() && !nack.equals("null")) {
                  out.println(
                      Ansi.AUTO.string("@|red refused|@ ")
                          + p.path("name").asText()
                          + " "
                          + t.getKey()
                          + ": "
                          + nack);
                }
              });
    }
    for (JsonNode f : all.path("findings")) {
      if (!f.path("severity").asText().equals("info")) {
        out.println(
            f.path("severity").asText()
                + "  "
                + f.path("file").asText()
                + (f.path("line").asInt() > 0 ? ":" + f.path("line").asText() : "")
                + "  "
                + f.path("text").asText());
      }
    }
  }

  private static String state(JsonNode type) {
    if (type.isMissingNode()) {
      return "-";
    }
    return type.path("resources").asText() + (type.path("pending").asBoolean() ? " sent" : " ok");
  }
}
