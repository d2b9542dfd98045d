package io.portolan.lab;

import com.fasterxml.jackson.databind.JsonNode;
import io.portolan.cli.AdminClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Help.Ansi;

/** Runs the script of a scenario and says for each expectation whether it holds. */
final class LabScript {
  private static final Duration SHIFT_LIMIT = Duration.ofSeconds(5);
  private static final Duration WAIT = Duration.ofSeconds(30);
  private static final int STEADY = 20;
  private static final double STEADY_MILLIS = 500;

  private final Lab lab;
  private final PrintWriter out;
  private final long begun = System.nanoTime();
  private long last;
  private int failed;
  private int passed;

  LabScript(Lab lab, PrintWriter out) {
    this.lab = lab;
    this.out = out;
    this.last = begun;
  }

  /** True when every expectation held. */
  boolean run() throws IOException {
    for (Scenario.Step step : lab.scenario().script()) {
      step(step);
    }
    rejected();
    out.println();
    out.println(
        Ansi.AUTO.string(
            failed == 0
                ? "@|bold,green PASSED|@ " + passed + " expectations"
                : "@|bold,red FAILED|@ " + failed + " of " + (passed + failed) + " expectations"));
    out.flush();
    return failed == 0;
  }

  private void step(Scenario.Step step) throws IOException {
    switch (step.action()) {
      case "local" -> local(step);
      case "identities" -> identities();
      case "share" -> share(step);
      case "unready" -> readiness(step, "\"True\"", "\"False\"");
      case "ready" -> readiness(step, "\"False\"", "\"True\"");
      case "cut" -> {
        String cluster = step.get("cluster", "");
        boolean kill = step.get("kill", "false").equals("true");
        boolean gateway = step.get("gateway", "false").equals("true");
        mark();
        lab.cut(cluster, kill, gateway);
        shifted(
            (kill ? "crash" : "freeze") + " of " + cluster + (gateway ? "'s gateway" : ""), step);
      }
      case "heal" -> {
        mark();
        lab.heal(step.get("cluster", ""));
        shifted("heal of " + step.get("cluster", ""), step);
      }
      case "gateway" -> gateway(step);
      case "control-plane" -> controlPlane();
      default -> throw new IOException("scenario step '" + step.action() + "' is not known");
    }
  }

  private void mark() {
    last = System.nanoTime();
  }

  private void verdict(boolean good, String text) {
    if (good) {
      passed++;
    } else {
      failed++;
    }
    out.println(Ansi.AUTO.string(good ? "  @|green ✔|@ " : "  @|bold,red ✘|@ ") + text);
    out.flush();
  }

  private static void pause(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < end) {
      LockSupport.parkNanos(end - System.nanoTime());
    }
  }

  private Traffic client(String name) throws IOException {
    return lab.traffic().stream()
        .filter(t -> name.isEmpty() || t.client().name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IOException("scenario has no client '" + name + "'"));
  }

  /** Every answer comes from the expected cluster and zone. */
  private void local(Scenario.Step step) throws IOException {
    Traffic traffic = client(step.get("client", ""));
    String cluster = step.get("cluster", "");
    String zone = step.get("zone", "");
    settle(traffic, cluster, step.get("next", ""));
    mark();
    pause(Duration.ofSeconds(3));
    List<Sample> samples = traffic.since(last);
    long good =
        samples.stream()
            .filter(s -> s.ok() && s.cluster().equals(cluster))
            .filter(s -> zone.isEmpty() || s.zone().equals(zone))
            .filter(s -> step.get("next", "").isEmpty() || s.next().equals(step.get("next", "")))
            .filter(s -> zone.isEmpty() || s.nextZone().isEmpty() || s.nextZone().equals(zone))
            .count();
    verdict(
        !samples.isEmpty() && good == samples.size(),
        traffic.client().name()
            + ": "
            + good
            + " of "
            + samples.size()
            + " answers from "
            + cluster
            + (zone.isEmpty() ? "" : "/" + zone)
            + " ("
            + percentiles(samples)
            + ")");
  }

  private void settle(Traffic traffic, String cluster, String next) {
    long from = System.nanoTime();
    Wait.happens(WAIT, () -> steadyFrom(traffic, from, cluster, next) >= 0);
  }

  /** Who the servers saw, from the certificate of their peer. */
  private void identities() {
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
    verdict(
        !missing && count > 0,
        "mutual TLS: in " + count + " answers the server side saw a peer identity each time");
    seen.forEach(line -> out.println("      " + line));
  }

  private void share(Scenario.Step step) throws IOException {
    Traffic traffic = client(step.get("client", ""));
    String cluster = step.get("cluster", "");
    long count = traffic.since(begun).stream().filter(s -> s.cluster().equals(cluster)).count();
    int expected = Integer.parseInt(step.get("requests", "0"));
    verdict(
        count == expected,
        cluster + " answered " + count + " requests so far (expected " + expected + ")");
  }

  private void readiness(Scenario.Step step, String from, String to) throws IOException {
    Path file = lab.mesh().resolve(step.get("file", ""));
    String text = Files.readString(file, StandardCharsets.UTF_8).replace(from, to);
    mark();
    Path next = file.resolveSibling("." + file.getFileName() + ".next");
    Files.writeString(next, text, StandardCharsets.UTF_8);
    Files.move(
        next,
        file,
        java.nio.file.StandardCopyOption.ATOMIC_MOVE,
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    shifted(
        "pods of " + step.get("file", "") + (to.equals("\"False\"") ? " not ready" : " ready"),
        step);
  }

  /** Waits for the shift a step expects and says how long it took and what it cost. */
  private void shifted(String what, Scenario.Step step) throws IOException {
    Traffic traffic = client(step.get("client", ""));
    String cluster = step.get("expect", "");
    String next = step.get("next", "");
    long from = last;
    Duration limit = Duration.ofSeconds(Long.parseLong(step.get("within", "5")));
    boolean happened =
        Wait.happens(limit.plusSeconds(10), () -> steadyFrom(traffic, from, cluster, next) >= 0);
    long at = steadyFrom(traffic, from, cluster, next);
    pause(Duration.ofSeconds(2));
    int lost = 0;
    String example = "";
    for (Traffic each : lab.traffic()) {
      // A client whose applications are cut as a whole with their cluster is judged by itself.
      List<Sample> failures = each.failuresSince(from);
      lost += failures.size();
      example = failures.isEmpty() ? example : failures.getFirst().error();
    }
    double seconds = happened ? (at - from) / 1e9 : -1;
    boolean inTime = happened && seconds <= Math.max(limit.toSeconds(), SHIFT_LIMIT.toSeconds());
    verdict(
        inTime && lost == 0,
        what
            + " → "
            + traffic.client().name()
            + " answered by "
            + cluster
            + (next.isEmpty() ? "" : ", backend in " + next)
            + (happened
                ? String.format(Locale.ROOT, " after %.2f s", seconds)
                : " NOT within " + limit.toSeconds() + " s")
            + ", failed requests: "
            + lost
            + (example.isEmpty() ? "" : " (" + example + ")"));
  }

  /** Start of the first of {@link #STEADY} requests in a row that went as expected, or -1. */
  private static long steadyFrom(Traffic traffic, long from, String cluster, String next) {
    int row = 0;
    long start = -1;
    List<Sample> samples =
        traffic.since(from).stream()
            .sorted(java.util.Comparator.comparingLong(Sample::started))
            .toList();
    for (Sample sample : samples) {
      boolean good =
          sample.ok()
              && sample.cluster().equals(cluster)
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

  /** Connections that went through an east-west gateway, from its own counters. */
  private void gateway(Scenario.Step step) throws IOException {
    String name = step.get("name", "");
    String address = lab.envoys().get(name);
    if (address == null) {
      throw new IOException("scenario has no gateway '" + name + "'");
    }
    long connections = stat(address, "downstream_cx_total");
    long bytes = stat(address, "downstream_cx_tx_bytes_total");
    verdict(
        connections > 0 && bytes > 0,
        "gateway "
            + name
            + " passed "
            + connections
            + " mutual TLS connections, "
            + bytes
            + " bytes back to clients");
  }

  private static long stat(String address, String name) throws IOException {
    long sum = 0;
    String text = new AdminClient(address).text("/stats?filter=tcp.passthrough").body();
    for (String line : text.split("\n", -1)) {
      int colon = line.lastIndexOf(": ");
      if (colon > 0 && line.substring(0, colon).endsWith(name)) {
        sum += Long.parseLong(line.substring(colon + 2).strip());
      }
    }
    return sum;
  }

  private void controlPlane() throws IOException {
    mark();
    lab.crashControlPlane();
    pause(Duration.ofSeconds(5));
    int failures = lab.traffic().stream().mapToInt(t -> t.failuresSince(last).size()).sum();
    int answered = lab.traffic().stream().mapToInt(t -> t.since(last).size()).sum();
    verdict(
        failures == 0 && answered > 0,
        "control plane killed (-9): " + answered + " requests in 5 s, failed: " + failures);
    lab.restartControlPlane();
    lab.awaitProxies(WAIT);
    pause(Duration.ofSeconds(2));
    JsonNode proxies = new AdminClient(lab.admin()).json("/debug/proxies");
    long bytes = 0;
    long resources = 0;
    for (JsonNode proxy : proxies) {
      bytes += proxy.path("bytesSent").asLong();
      resources += proxy.path("resourcesSent").asLong();
    }
    verdict(
        bytes == 0,
        "control plane started again: "
            + proxies.size()
            + " proxies reconnected and were sent "
            + bytes
            + " bytes of resources ("
            + resources
            + " resources)");
    failures = lab.traffic().stream().mapToInt(t -> t.failuresSince(last).size()).sum();
    verdict(failures == 0, "failed requests over the whole restart: " + failures);
  }

  /** No Envoy has refused anything. */
  private void rejected() throws IOException {
    long sum = 0;
    for (String address : lab.envoys().values()) {
      String text = new AdminClient(address).text("/stats?filter=update_rejected").body();
      for (String line : text.split("\n", -1)) {
        int colon = line.lastIndexOf(": ");
        sum += colon < 0 ? 0 : Long.parseLong(line.substring(colon + 2).strip());
      }
    }
    verdict(sum == 0, "update_rejected over " + lab.envoys().size() + " Envoys: " + sum);
  }
}
