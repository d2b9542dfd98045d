package io.portolan.lab;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Help.Ansi;

/** The live table: control planes, clusters, and who answered, from where, how fast. */
final class LabView {
  private static final long WINDOW_NANOS = 2_000_000_000L;
  private static final int EVENTS = 6;
  private static final String HOME = "\u001b[H";
  private static final String END_OF_LINE = "\u001b[K\n";
  private static final String END_OF_SCREEN = "\u001b[J";

  private static final int[] PLANES = {18, 12, 20, 8, 7};
  private static final int[] STATES = {8};
  private static final int[] CLUSTERS = {18, 38, 0};
  private static final int[] CLUSTERS_STATE = {38};
  private static final int[] CLIENTS = {18, 20, 12, 20, -6, -9, -9, -7, -7};

  private final Lab lab;
  private final PrintWriter out;
  private final boolean terminal;
  private final Deque<String> events = new ArrayDeque<>();

  LabView(Lab lab, PrintWriter out, boolean terminal) {
    this.lab = lab;
    this.out = out;
    this.terminal = terminal;
  }

  synchronized void event(String text) {
    events.addLast(
        LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS) + "  " + text);
    if (events.size() > EVENTS) {
      events.removeFirst();
    }
    if (!terminal) {
      out.println(text);
      out.flush();
    }
  }

  synchronized void draw() {
    List<String> lines = new ArrayList<>();
    lines.add("@|bold " + lab.scenario().title() + "|@");
    lines.add("");
    lines.add(bold(row(PLANES, "CONTROL PLANE", "STANDS IN", "XDS", "STATE", "PROXIES")));
    lab.scenario().controlPlanes().forEach(one -> lines.add(controlPlane(one)));
    lines.add("");
    Map<String, String> health = health();
    lines.add(
        bold(
            row(
                CLUSTERS,
                "CLUSTER",
                "STATE",
                health.isEmpty() ? "" : "IN THE EYES OF THE CONTROL PLANE")));
    for (String cluster : lab.scenario().clusters()) {
      String state = lab.stateOf(cluster);
      lines.add(
          row(CLUSTERS, cluster)
              + coloured(state, row(CLUSTERS_STATE, state))
              + health.getOrDefault(cluster, ""));
    }
    lines.add("");
    lines.add(
        bold(
            row(
                CLIENTS,
                "CLIENT",
                "ANSWERED BY",
                "ZONE",
                "BACKEND IN",
                "RATE",
                "P50",
                "P99",
                "FAILED",
                "IN ALL")));
    long from = System.nanoTime() - WINDOW_NANOS;
    for (Traffic traffic : lab.traffic()) {
      client(lines, traffic, traffic.since(from), from);
    }
    if (!events.isEmpty()) {
      lines.add("");
      lines.addAll(events);
    }
    if (terminal) {
      lines.add("");
      lines.add(
          "@|faint rates, times and failures of the last 2 s, failures in all · Ctrl-C ends the lab|@");
      lines.add(
          "@|faint from another terminal: portolan lab cut NAME [--data|--control|--gateway] [--kill],"
              + " lab heal NAME,|@");
      lines.add("@|faint lab exec -- COMMAND, lab stop   (NAME: a cluster or a control plane)|@");
    }
    StringBuilder text = new StringBuilder();
    text.append(terminal ? HOME : "");
    for (String line : lines) {
      text.append(Ansi.AUTO.string(line)).append(terminal ? END_OF_LINE : "\n");
    }
    text.append(terminal ? END_OF_SCREEN : "\n");
    out.print(text);
    out.flush();
  }

  private static String bold(String text) {
    return "@|bold " + text.stripTrailing() + "|@";
  }

  private String controlPlane(Scenario.ControlPlane one) {
    String state = lab.controlPlanes().state(one);
    JsonNode proxies = lab.controlPlanes().page(one, "/debug/proxies");
    return row(PLANES, one.name(), one.cluster().isEmpty() ? "outside" : one.cluster(), one.xds())
        + coloured(state, row(STATES, state))
        + (proxies == null ? "-" : Integer.toString(proxies.size()));
  }

  /** What the first control plane that answers makes of each member cluster. */
  private Map<String, String> health() {
    Map<String, String> health = new LinkedHashMap<>();
    for (Scenario.ControlPlane one : lab.scenario().controlPlanes()) {
      JsonNode clusters = lab.controlPlanes().page(one, "/debug/clusters");
      if (clusters == null) {
        continue;
      }
      for (JsonNode cluster : clusters) {
        JsonNode member = cluster.path("member");
        if (!member.isMissingNode()) {
          health.put(
              cluster.path("id").asText(),
              member.path("phase").asText().toLowerCase(Locale.ROOT)
                  + ", endpoints "
                  + treatment(member.path("treatment").asText()));
        }
      }
      return health;
    }
    return health;
  }

  /** As {@code portolan status} says it. */
  private static String treatment(String treatment) {
    return switch (treatment) {
      case "DEMOTE" -> "demoted";
      case "UNHEALTHY" -> "unhealthy";
      case "WITHDRAW" -> "withdrawn";
      default -> "kept";
    };
  }

  private static String coloured(String state, String text) {
    return "@|" + (state.equals("up") ? "green " : "bold,red ") + text + "|@";
  }

  private static void client(List<String> lines, Traffic traffic, List<Sample> samples, long from) {
    int failed = traffic.failuresSince(from).size();
    Map<String, List<Sample>> byAnswer = new LinkedHashMap<>();
    samples.stream()
        .filter(Sample::ok)
        .sorted(
            Comparator.comparing(Sample::cluster)
                .thenComparing(Sample::workload)
                .thenComparing(Sample::next)
                .thenComparing(Sample::nextZone))
        .forEach(
            s ->
                byAnswer
                    .computeIfAbsent(
                        s.cluster() + "/" + s.workload() + "\t" + s.zone() + "\t" + behind(s),
                        k -> new ArrayList<>())
                    .add(s));
    String name = traffic.client().name();
    String loss = Integer.toString(failed);
    String all = Integer.toString(traffic.failuresSince(Long.MIN_VALUE).size());
    if (byAnswer.isEmpty()) {
      lines.add(
          "@|bold,red "
              + row(CLIENTS, name, "nobody", "-", "-", "0/s", "-", "-", loss, all)
              + "|@");
    }
    for (var entry : byAnswer.entrySet()) {
      String[] parts = entry.getKey().split("\t", -1);
      double[] times = entry.getValue().stream().mapToDouble(Sample::millis).sorted().toArray();
      String line =
          row(
              CLIENTS,
              name,
              parts[0],
              parts[1],
              parts[2],
              String.format(Locale.ROOT, "%.0f/s", entry.getValue().size() * 1e9 / WINDOW_NANOS),
              String.format(Locale.ROOT, "%.1f ms", times[times.length / 2]),
              String.format(Locale.ROOT, "%.1f ms", times[(int) (times.length * 0.99)]),
              loss,
              all);
      lines.add(failed > 0 && !name.isEmpty() ? "@|red " + line + "|@" : line);
      name = "";
      loss = "";
      all = "";
    }
  }

  private static String behind(Sample sample) {
    return sample.next().isEmpty() ? "-" : sample.next() + "/" + sample.nextZone();
  }

  /** Cells with a blank between them; a negative width is set to the right. */
  private static String row(int[] widths, String... cells) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < cells.length; i++) {
      String blanks = " ".repeat(Math.max(0, Math.abs(widths[i]) - cells[i].length()));
      text.append(widths[i] < 0 ? blanks + cells[i] : cells[i] + blanks).append(' ');
    }
    return text.toString();
  }
}
