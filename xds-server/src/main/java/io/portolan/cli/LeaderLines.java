package io.portolan.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;

/** Leadership as text: one line, and a row for each cluster that the roots are published in. */
final class LeaderLines {
  private LeaderLines() {}

  static void print(PrintWriter out, JsonNode leader) {
    if (!leader.path("elected").asBoolean()) {
      return;
    }
    String holder = leader.path("leader").asText();
    out.println(
        "leader "
            + (holder.isEmpty() ? "none" : holder)
            + (leader.path("leading").asBoolean() ? " (this replica)" : "")
            + ", epoch "
            + leader.path("epoch").asText()
            + (holder.isEmpty() ? "" : " since " + leader.path("since").asText())
            + ", lease "
            + leader.path("lease").asText());
    Table table =
        new Table("ROOTS IN", "CONFIGMAP", "STATE", "NAMESPACES", "DUE", "WRITES", "LAST WRITE");
    for (JsonNode roots : leader.path("roots")) {
      JsonNode last = roots.path("lastWrite");
      table.row(
          roots.path("cluster").asText(),
          roots.path("configMap").asText(),
          state(roots.path("state").asText()),
          roots.path("current").asText(),
          roots.path("due").asText(),
          roots.path("writes").asText(),
          last.isMissingNode()
              ? "-"
              : last.path("namespace").asText() + " " + last.path("at").asText());
    }
    table.print(out);
    for (JsonNode roots : leader.path("roots")) {
      String failure = roots.path("lastFailure").asText();
      if (!failure.isEmpty()) {
        out.println("roots in " + roots.path("cluster").asText() + ": last failure: " + failure);
      }
    }
  }

  private static String state(String state) {
    return switch (state) {
      case "FOLLOWING" -> "another replica's";
      case "STARTING" -> "starting";
      case "PUBLISHING" -> "published";
      case "NOT_ALLOWED" -> "not allowed";
      default -> state;
    };
  }
}
