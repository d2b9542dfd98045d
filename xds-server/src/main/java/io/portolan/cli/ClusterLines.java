package io.portolan.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** The clusters as text: one row each, and a line for everything about one that needs a look. */
final class ClusterLines {
  private ClusterLines() {}

  static void print(PrintWriter out, JsonNode clusters) {
    Table table =
        new Table(
            "CLUSTER",
            "NETWORK",
            "LOCALITY",
            "PHASE",
            "ENDPOINTS ARE",
            "SERVICES",
            "ENDPOINTS",
            "PODS");
    for (JsonNode c : clusters) {
      JsonNode member = c.path("member");
      table.row(
          c.path("id").asText(),
          c.path("network").asText(),
          c.path("locality").asText(),
          phase(member),
          treatment(member),
          c.path("services").asText(),
          c.path("endpoints").asText(),
          c.path("pods").asText());
    }
    table.print(out);
    for (JsonNode c : clusters) {
      for (String line : notes(c.path("member"))) {
        out.println("cluster " + c.path("id").asText() + ": " + line);
      }
    }
  }

  private static String phase(JsonNode member) {
    String phase = member.path("phase").asText("-");
    return member.path("restored").asBoolean() ? phase + " restored" : phase;
  }

  private static String treatment(JsonNode member) {
    return switch (member.path("treatment").asText("KEEP")) {
      case "DEMOTE" -> "demoted";
      case "UNHEALTHY" -> "unhealthy";
      case "WITHDRAW" -> "withdrawn";
      default -> "kept";
    };
  }

  private static List<String> notes(JsonNode member) {
    List<String> notes = new ArrayList<>();
    String phase = member.path("phase").asText("LIVE");
    if (!phase.equals("LIVE") || member.path("restored").asBoolean()) {
      notes.add(member.path("reason").asText());
    }
    add(notes, "last failure: ", member.path("lastFailure"));
    for (JsonNode held : member.path("held")) {
      notes.add(
          "list of "
              + held.path("kind").asText()
              + " held down since "
              + held.path("since").asText()
              + ": "
              + held.path("listed").asText()
              + " objects instead of "
              + held.path("published").asText());
    }
    add(notes, "a new reader is to take over ", member.path("replacement"));
    String snapshot = member.path("snapshot").asText("");
    if (!snapshot.isEmpty() && !snapshot.startsWith("written")) {
      notes.add("snapshot " + snapshot);
    }
    add(notes, "", member.path("replaced"));
    long rejected = member.path("rejectedObjects").asLong();
    if (rejected > 0) {
      notes.add(rejected + " objects rejected: they name another cluster or kind");
    }
    return notes;
  }

  private static void add(List<String> notes, String what, JsonNode text) {
    if (!text.asText("").isEmpty()) {
      notes.add(what + text.asText());
    }
  }
}
