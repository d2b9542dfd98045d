package io.portolan.lab;

import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Steps that look at who answers the clients. */
final class TrafficSteps {
  private static final Duration SHIFT_LIMIT = Duration.ofSeconds(5);

  /**
   * A host that Envoys ejected again and again while all were starting stays out 5 s longer each
   * time.
   */
  private static final Duration SETTLE = Duration.ofSeconds(90);

  private static final Duration WARM = Duration.ofSeconds(60);
  private static final Duration WATCH = Duration.ofSeconds(2);
  private static final int STEADY = 20;
  private static final double STEADY_MILLIS = 500;

  private final Lab lab;
  private final Verdicts verdicts;
  private final long begun;

  /**
   * @param begun since when samples count, as {@link System#nanoTime()}
   */
  TrafficSteps(Lab lab, Verdicts verdicts, long begun) {
    this.lab = lab;
    this.verdicts = verdicts;
    this.begun = begun;
  }

  Traffic client(String name) throws IOException {
    return lab.traffic().stream()
        .filter(t -> name.isEmpty() || t.client().name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IOException("scenario has no client '" + name + "'"));
  }

  /** Waits until every client is answered steadily: proxies and applications are warm then. */
  void settle() {
    Wait.happens(
        WARM, () -> lab.traffic().stream().allMatch(t -> steadyFrom(t, begun, "", "") >= 0));
    verdicts.note(
        String.format(
            Locale.ROOT,
            "traffic steady after %.1f s; requests without an answer before that: %d",
            (System.nanoTime() - begun) / 1e9,
            lab.traffic().stream().mapToInt(t -> t.failuresSince(begun).size()).sum()));
  }

  /** Every answer comes from the expected cluster and zone. */
  void local(Scenario.Step step) throws IOException {
    Traffic traffic = client(step.get("client", ""));
    String cluster = step.get("cluster", "");
    String zone = step.get("zone", "");
    String next = step.get("next", "");
    long settling = System.nanoTime();
    Wait.happens(SETTLE, () -> steadyFrom(traffic, settling, cluster, next) >= 0);
    long from = System.nanoTime();
    Verdicts.pause(WATCH);
    List<Sample> samples = traffic.since(from);
    long good =
        samples.stream()
            .filter(s -> s.ok() && s.cluster().equals(cluster))
            .filter(s -> zone.isEmpty() || s.zone().equals(zone))
            .filter(s -> next.isEmpty() || s.next().equals(next))
            .filter(
                s ->
                    zone.isEmpty()
                        || !s.next().equals(cluster)
                        || s.nextZone().isEmpty()
                        || s.nextZone().equals(zone))
            .count();
    verdicts.verdict(
        !samples.isEmpty() && good == samples.size(),
        traffic.client().name()
            + ": "
            + good
            + " of "
            + samples.size()
            + " answers from "
            + cluster
            + (zone.isEmpty() ? "" : "/" + zone)
            + (next.isEmpty() ? "" : ", backend in " + next)
            + " ("
            + percentiles(samples)
            + ")");
  }

  /** Each of the clusters answers some of the requests, and nobody else any. */
  void spread(Scenario.Step step) throws IOException {
    Traffic traffic = client(step.get("client", ""));
    Set<String> expected = new TreeSet<>(List.of(step.get("clusters", "").split(",", -1)));
    long from = System.nanoTime();
    Verdicts.pause(WATCH);
    Map<String, Long> counts =
        traffic.since(from).stream()
            .collect(
                Collectors.groupingBy(
                    s -> s.ok() ? s.cluster() : "nobody", TreeMap::new, Collectors.counting()));
    verdicts.verdict(
        counts.keySet().equals(expected),
        traffic.client().name() + " answered by " + counts + " (expected all of " + expected + ")");
  }

  /** Who the servers saw, from the certificate of their peer. */
  void identities() {
    Set<String> seen = new TreeSet<>();
    boolean missing = false;
    int count = 0;
    for (Traffic traffic : lab.traffic()) {
      for (Sample sample : traffic.since(begun)) {
        if (sample.ok()) {
          count++;
          seen.add(
              sample.workload().substring(0, sample.workload().lastIndexOf('-'))
                  + " saw "
                  + sample.peer());
          missing |= sample.peer().isEmpty();
          if (!sample.next().isEmpty()) {
            seen.add("its backend saw " + sample.nextPeer());
            missing |= sample.nextPeer().isEmpty();
          }
        }
      }
    }
    verdicts.verdict(
        !missing && count > 0,
        "mutual TLS: in " + count + " answers the server side saw a peer identity each time");
    seen.forEach(verdicts::note);
  }

  void share(Scenario.Step step) throws IOException {
    Traffic traffic = client(step.get("client", ""));
    String cluster = step.get("cluster", "");
    long count = traffic.since(begun).stream().filter(s -> s.cluster().equals(cluster)).count();
    int expected = Integer.parseInt(step.get("requests", "0"));
    verdicts.verdict(
        count == expected,
        cluster + " answered " + count + " requests so far (expected " + expected + ")");
  }

  /** Turns the pods of a file ready or not ready. */
  void readiness(Scenario.Step step, boolean ready) throws IOException {
    String file = step.get("file", "");
    long from = System.nanoTime();
    lab.controlPlanes()
        .edit(
            file,
            text ->
                ready
                    ? text.replace("\"False\"", "\"True\"")
                    : text.replace("\"True\"", "\"False\""));
    shifted("pods of " + file + (ready ? " ready" : " not ready"), step, from);
  }

  void cut(Scenario.Step step) throws IOException {
    String cluster = step.get("cluster", "");
    boolean kill = step.is("kill");
    Part part = part(step);
    Map<String, ControlPlanes.ProxyStream> before = lab.controlPlanes().streams();
    long from = System.nanoTime();
    lab.cut(cluster, part, kill ? Processes.Fate.KILL : Processes.Fate.FREEZE);
    shifted((kill ? "crash" : "freeze") + " of " + part.of(cluster), step, from);
    verdicts.note(Sent.between(before, lab.controlPlanes().streams()).toString());
  }

  /** What a step cuts. */
  static Part part(Scenario.Step step) throws IOException {
    String word = step.get("part", Part.ALL.word());
    for (Part part : Part.values()) {
      if (part.word().equals(word)) {
        return part;
      }
    }
    throw new IOException(
        "scenario step cuts part '" + word + "' (expected all, data, control or" + " gateway)");
  }

  void heal(Scenario.Step step) throws IOException {
    Map<String, ControlPlanes.ProxyStream> before = lab.controlPlanes().streams();
    long from = System.nanoTime();
    lab.heal(step.get("cluster", ""));
    shifted("heal of " + step.get("cluster", ""), step, from);
    verdicts.note(Sent.between(before, lab.controlPlanes().streams()).toString());
  }

  /** Waits for the shift a step expects and says how long it took and what it cost. */
  private void shifted(String what, Scenario.Step step, long from) throws IOException {
    Traffic traffic = client(step.get("client", ""));
    String cluster = step.get("expect", "");
    String next = step.get("next", "");
    Duration limit = Duration.ofSeconds(Long.parseLong(step.get("within", "5")));
    boolean happened =
        Wait.happens(limit.plusSeconds(10), () -> steadyFrom(traffic, from, cluster, next) >= 0);
    long at = steadyFrom(traffic, from, cluster, next);
    Verdicts.pause(WATCH);
    Lost lost = lost(from, "");
    double seconds = happened ? (at - from) / 1e9 : -1;
    boolean inTime = happened && seconds <= Math.max(limit.toSeconds(), SHIFT_LIMIT.toSeconds());
    verdicts.verdict(
        inTime && lost.failed() == 0,
        what
            + " → "
            + traffic.client().name()
            + " answered by "
            + cluster
            + (next.isEmpty() ? "" : ", backend in " + next)
            + (happened
                ? String.format(Locale.ROOT, " after %.2f s", seconds)
                : " NOT within " + limit.toSeconds() + " s")
            + ", requests: "
            + (lost.answered() + lost.failed())
            + ", failed: "
            + lost);
  }

  /**
   * Requests without an answer.
   *
   * @param answered requests with one
   * @param failed requests without one
   * @param example what one of the failed ones was told, or empty
   */
  record Lost(int answered, int failed, String example) {
    @Override
    public String toString() {
      return failed + (example.isEmpty() ? "" : " (" + example + ")");
    }
  }

  /**
   * What was lost since then over all clients whose first hop still stands.
   *
   * @param cut a cluster that was cut with the gateways clients without a sidecar ask, or empty
   */
  Lost lost(long from, String cut) {
    int failed = 0;
    int answered = 0;
    String example = "";
    for (Traffic each : lab.traffic()) {
      if (dependsOn(each, cut)) {
        continue;
      }
      List<Sample> failures = each.failuresSince(from);
      failed += failures.size();
      answered += each.since(from).size() - failures.size();
      example =
          failures.isEmpty() ? example : each.client().name() + ": " + failures.getFirst().error();
    }
    return new Lost(Math.max(0, answered), failed, example);
  }

  /** A client without a sidecar whose only door is a gateway of this cluster. */
  boolean dependsOn(Traffic each, String cluster) {
    return !cluster.isEmpty()
        && each.client().address().isEmpty()
        && each.client().cluster().equals(cluster);
  }

  /** Start of the first of {@link #STEADY} requests in a row that went as expected, or -1. */
  private static long steadyFrom(Traffic traffic, long from, String cluster, String next) {
    int row = 0;
    long start = -1;
    List<Sample> samples =
        traffic.since(from).stream().sorted(Comparator.comparingLong(Sample::started)).toList();
    for (Sample sample : samples) {
      boolean good =
          sample.ok()
              && (cluster.isEmpty() || sample.cluster().equals(cluster))
              && (next.isEmpty() || sample.next().equals(next))
              && sample.millis() < STEADY_MILLIS;
      if (!good) {
        row = 0;
        start = -1;
      } else {
        start = row == 0 ? sample.started() : start;
        if (++row == STEADY) {
          return start;
        }
      }
    }
    return -1;
  }

  private static String percentiles(List<Sample> samples) {
    double[] times = samples.stream().mapToDouble(Sample::millis).sorted().toArray();
    return times.length == 0
        ? "no samples"
        : String.format(
            Locale.ROOT,
            "p50 %.1f ms, p99 %.1f ms",
            times[times.length / 2],
            times[(int) (times.length * 0.99)]);
  }
}
