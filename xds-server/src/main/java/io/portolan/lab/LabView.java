package io.portolan.lab;

import java.io.PrintWriter;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Help.Ansi;

/** The live table: who answered, from where, how fast. */
final class LabView {
  private static final long WINDOW_NANOS = 2_000_000_000L;

  private final Lab lab;
  private final PrintWriter out;
  private final boolean terminal;
  private final java.util.ArrayDeque<String> events = new java.util.ArrayDeque<>();

  LabView(Lab lab, PrintWriter out, boolean terminal) {
    this.lab = lab;
    this.out = out;
    this.terminal = terminal;
  }

  synchronized void event(String text) {
    events.addLast(text);
    if (events.size() > 6) {
      events.removeFirst();
    }
    if (!terminal) {
      out.println(text);
      out.flush();
    }
  }

  synchronized void draw() {
    StringBuilder text = new StringBuilder();
    if (terminal) {
      text.append("\u001b[H\u001b[2J");
    }
    text.append(Ansi.AUTO.string("@|bold " + lab.scenario().title() + "|@\n"));
    text.append("clusters ")
        .append(String.join(", ", lab.scenario().clusters()))
        .append("   clients stand outside of a cut   Ctrl-C ends the lab\n\n");
    text.append(
        Ansi.AUTO.string(
            "@|bold "
                + row("CLIENT", "ANSWERED BY", "ZONE", "BACKEND IN", "RATE", "ERRORS", "P50", "P99")
                + "|@"));
    long from = System.nanoTime() - WINDOW_NANOS;
    for (Traffic traffic : lab.traffic()) {
      client(text, traffic, traffic.since(from));
    }
    text.append('\n');
    events.forEach(e -> text.append(e).append('\n'));
    if (terminal) {
      text.append(
          "\nfrom another terminal: portolan lab cut CLUSTER [--kill] [--gateway]"
              + " · heal CLUSTER · stop\nadmin pages: http://"
              + lab.admin()
              + "/debug/proxies\n");
    }
    out.print(text);
    out.flush();
  }

  private static void client(StringBuilder text, Traffic traffic, List<Sample> samples) {
    Map<String, List<Sample>> byAnswer = new LinkedHashMap<>();
    samples.stream()
        .filter(Sample::ok)
        .sorted(Comparator.comparing(Sample::cluster).thenComparing(Sample::workload))
        .forEach(
            s ->
                byAnswer
                    .computeIfAbsent(
                        s.cluster() + "/" + s.workload() + "\t" + s.zone() + "\t" + behind(s),
                        k -> new java.util.ArrayList<>())
                    .add(s));
    long errors = samples.stream().filter(s -> !s.ok()).count();
    String name = traffic.client().name() + "." + traffic.client().cluster();
    if (byAnswer.isEmpty()) {
      text.append(row(name, "nobody", "-", "-", "0/s", Long.toString(errors), "-", "-"));
    }
    for (var entry : byAnswer.entrySet()) {
      String[] parts = entry.getKey().split("\t", -1);
      double[] times = entry.getValue().stream().mapToDouble(Sample::millis).sorted().toArray();
      text.append(
          row(
              name,
              parts[0],
              parts[1],
              parts[2],
              String.format(Locale.ROOT, "%.0f/s", entry.getValue().size() * 1e9 / WINDOW_NANOS),
              Long.toString(errors),
              String.format(Locale.ROOT, "%.1f ms", times[times.length / 2]),
              String.format(Locale.ROOT, "%.1f ms", times[(int) (times.length * 0.99)])));
      name = "";
      errors = 0;
    }
  }

  private static String behind(Sample sample) {
    return sample.next().isEmpty() ? "-" : sample.next() + "/" + sample.nextZone();
  }

  private static String row(String... cells) {
    return String.format(
        Locale.ROOT, "%-18s %-18s %-12s %-22s %7s %7s %9s %9s%n", (Object[]) cells);
  }
}
