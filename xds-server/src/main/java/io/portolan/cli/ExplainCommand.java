package io.portolan.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "explain",
    description = {
      "Says why each endpoint of a service is in a proxy's load assignment, with that priority and"
          + " weight, and why others are not."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ExplainCommand implements Callable<Integer> {
  @Option(
      names = "--admin",
      paramLabel = "HOST:PORT",
      defaultValue = "${env:PORTOLAN_ADMIN_ADDRESS:-127.0.0.1:15014}",
      description = "Admin port. Default: 127.0.0.1:15014. Environment: PORTOLAN_ADMIN_ADDRESS")
  private String admin = "127.0.0.1:15014";

  @Option(
      names = "--proxy",
      required = true,
      description = "A proxy: its id, pod, pod.namespace or cluster/pod.")
  private String proxy = "";

  @Option(
      names = "--service",
      required = true,
      description = "A service: its host name, or name.namespace.")
  private String service = "";

  @Option(names = "--port", defaultValue = "0", description = "A port; 0 for all. Default: 0")
  private int port;

  @Option(names = "--output", defaultValue = "text", description = "text or json. Default: text")
  private OutputFormat output = OutputFormat.TEXT;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    AdminClient client = new AdminClient(admin);
    try {
      client.text("/ready");
    } catch (IOException e) {
      Terminal.err(spec).println("portolan: no control plane answers at " + admin);
      return Exit.UNREACHABLE;
    }
    JsonNode root =
        client.json(
            "/debug/explain?proxy="
                + encoded(proxy)
                + "&service="
                + encoded(service)
                + "&port="
                + port);
    PrintWriter out = Terminal.out(spec);
    if (output == OutputFormat.JSON) {
      out.println(root.toPrettyString());
    } else {
      print(out, root);
    }
    return Exit.OK;
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static void print(PrintWriter out, JsonNode root) {
    out.println(root.path("proxy").asText());
    out.println(
        "  cluster "
            + root.path("proxyCluster").asText()
            + ", network "
            + root.path("proxyNetwork").asText()
            + ", locality "
            + root.path("proxyLocality").asText());
    for (JsonNode assignment : root.path("assignments")) {
      out.println();
      out.println(assignment.path("cluster").asText());
      for (JsonNode host : assignment.path("endpoints")) {
        out.println(
            "├─ "
                + host.path("address").asText()
                + "  priority "
                + host.path("priority").asText()
                + ", weight "
                + host.path("weight").asText()
                + ", "
                + host.path("health").asText()
                + (host.path("meshTls").asBoolean() ? ", mutual TLS" : ", plaintext"));
        out.println("│    priority: " + host.path("priorityReason").asText());
        out.println("│    weight:   " + host.path("weightReason").asText());
        for (JsonNode source : host.path("sources")) {
          out.println("│    source:   " + source.asText());
        }
      }
      for (JsonNode left : assignment.path("leftOut")) {
        out.println("├─ left out: " + left.path("endpoint").asText());
        out.println("│    " + left.path("reason").asText());
      }
      for (JsonNode source : assignment.path("sources")) {
        out.println("└─ defined by " + source.asText());
      }
    }
    for (JsonNode note : root.path("notes")) {
      out.println("note: " + note.asText());
    }
  }
}
