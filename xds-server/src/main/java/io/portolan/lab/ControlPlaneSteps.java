package io.portolan.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Steps that take control planes away and compare them. */
final class ControlPlaneSteps {
  private static final Duration BACK = Duration.ofSeconds(60);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Lab lab;
  private final Verdicts verdicts;
  private final TrafficSteps traffic;

  ControlPlaneSteps(Lab lab, Verdicts verdicts, TrafficSteps traffic) {
    this.lab = lab;
    this.verdicts = verdicts;
    this.traffic = traffic;
  }

  /**
   * Takes a cluster with its control plane away, or all control planes when no cluster is named;
   * restarts a proxy meanwhile when one is named; brings all back.
   */
  void outage(Scenario.Step step) throws IOException {
    String cluster = step.get("cluster", "");
    boolean kill = step.is("kill");
    List<LabProcess> taken =
        cluster.isEmpty()
            ? lab.processes().matching(p -> p.kind() == LabProcess.Kind.CONTROL_PLANE)
            : lab.within(cluster, Part.ALL);
    Processes.Fate fate = kill ? Processes.Fate.KILL : Processes.Fate.FREEZE;
    String what =
        (cluster.isEmpty() ? "control plane" : cluster + " with its control plane")
            + (kill ? " killed (-9)" : " frozen");
    Map<String, ControlPlanes.ProxyStream> before = lab.controlPlanes().streams();
    long from = System.nanoTime();
    if (cluster.isEmpty()) {
      lab.processes().inflict(taken, fate);
    } else {
      lab.cut(cluster, Part.ALL, fate);
    }
    Verdicts.pause(Duration.ofSeconds(Long.parseLong(step.get("seconds", "5"))));
    TrafficSteps.Lost lost = traffic.lost(from, cluster);
    verdicts.verdict(
        lost.failed() == 0 && lost.answered() > 0,
        what
            + ": "
            + lost.answered()
            + " requests in "
            + step.get("seconds", "5")
            + " s, failed: "
            + lost);
    across(step, from);
    dependents(cluster, from);
    Workloads.Envoy restarted = restart(step);
    long healed = System.nanoTime();
    if (cluster.isEmpty()) {
      lab.processes().heal(taken);
    } else {
      lab.heal(cluster);
    }
    lab.workloads().await(BACK);
    double back = (System.nanoTime() - healed) / 1e9;
    Verdicts.pause(Duration.ofSeconds(2));
    Set<String> fresh = new TreeSet<>();
    if (kill) {
      taken.forEach(p -> fresh.add(p.name()));
    }
    if (restarted != null) {
      fresh.add(restarted.name());
    }
    unchanged(what.replace(" killed (-9)", "").replace(" frozen", ""), before, fresh, back);
    if (restarted != null) {
      verdicts.verdict(
          listeners(restarted) > 0,
          restarted.name()
              + " has its configuration again: "
              + listeners(restarted)
              + " listeners");
    }
    lost = traffic.lost(from, cluster);
    verdicts.verdict(lost.failed() == 0, "failed requests over the whole outage: " + lost);
  }

  /** Requests that crossed clusters meanwhile. */
  private void across(Scenario.Step step, long from) throws IOException {
    if (!step.get("across", "").isEmpty()) {
      Traffic client = traffic.client(step.get("across", ""));
      long crossed =
          client.since(from).stream()
              .filter(s -> s.ok() && !s.next().isEmpty() && !s.next().equals(s.cluster()))
              .count();
      verdicts.verdict(
          crossed > 0,
          "among them "
              + crossed
              + " of "
              + client.client().name()
              + " crossed clusters through an east-west gateway");
    }
  }

  /** Clients whose only door was taken as well: said, not judged. */
  private void dependents(String cluster, long from) {
    for (Traffic each : lab.traffic()) {
      if (traffic.dependsOn(each, cluster)) {
        verdicts.note(
            "not counted: "
                + each.client().name()
                + ", whose only door is the gateway that was taken: "
                + each.failuresSince(from).size()
                + " failed so far");
      }
    }
  }

  private Workloads.@org.jspecify.annotations.Nullable Envoy restart(Scenario.Step step)
      throws IOException {
    if (step.get("restart", "").isEmpty()) {
      return null;
    }
    Workloads.Envoy one = lab.workloads().envoy(step.get("restart", ""));
    long from = System.nanoTime();
    lab.processes().inflict(List.of(one.process()), Processes.Fate.KILL);
    lab.processes().heal(List.of(one.process()));
    Wait.until(Duration.ofSeconds(10), one.name() + " to start", () -> serverState(one) != null);
    Verdicts.pause(Duration.ofSeconds(2));
    long listeners = listeners(one);
    TrafficSteps.Lost lost = traffic.lost(from, step.get("cluster", ""));
    verdicts.verdict(
        listeners == 0 && lost.failed() == 0,
        one.name()
            + " restarted meanwhile: no control plane to ask, so it has "
            + listeners
            + " listeners and serves nothing (Envoy says "
            + serverState(one)
            + "); others took over, failed requests: "
            + lost);
    return one;
  }

  private static @org.jspecify.annotations.Nullable String serverState(Workloads.Envoy one) {
    try {
      return one.admin().json("/server_info").path("state").asText();
    } catch (IOException e) {
      return null;
    }
  }

  private static long listeners(Workloads.Envoy one) throws IOException {
    return one.stat("listener_manager.total_listeners_active", "total_listeners_active");
  }

  /** What proxies were sent since {@code before}, those of {@code fresh} aside. */
  private void unchanged(
      String what,
      Map<String, ControlPlanes.ProxyStream> before,
      Set<String> fresh,
      double seconds) {
    long bytes = 0;
    long resources = 0;
    int reconnected = 0;
    int same = 0;
    for (var entry : lab.controlPlanes().streams().entrySet()) {
      ControlPlanes.ProxyStream now = entry.getValue();
      if (fresh.contains(entry.getKey())) {
        continue;
      }
      ControlPlanes.ProxyStream old = before.get(entry.getKey());
      if (old != null && old.since().equals(now.since())) {
        same++;
        bytes += now.bytes() - old.bytes();
        resources += now.resources() - old.resources();
      } else {
        reconnected++;
        bytes += now.bytes();
        resources += now.resources();
      }
    }
    verdicts.verdict(
        bytes == 0,
        String.format(Locale.ROOT, "%s back after %.1f s: ", what, seconds)
            + reconnected
            + " proxies reconnected"
            + (same > 0 ? ", " + same + " kept their stream" : "")
            + " and were sent "
            + bytes
            + " bytes of resources ("
            + resources
            + " resources)");
  }

  /** Every control plane would serve every node the same versions. */
  void versions() throws IOException {
    int resources = 0;
    List<String> different = new ArrayList<>();
    for (Workloads.Envoy one : lab.workloads().envoys().values()) {
      Map<String, JsonNode> answers = new TreeMap<>();
      String node = JSON.writeValueAsString(one.bootstrap().tree().get("node"));
      for (Scenario.ControlPlane each : lab.scenario().controlPlanes()) {
        answers.put(
            each.name(),
            lab.controlPlanes()
                .admin(each.name())
                .json("/debug/versions?node=" + URLEncoder.encode(node, StandardCharsets.UTF_8)));
      }
      JsonNode first = answers.values().iterator().next();
      for (JsonNode type : first) {
        resources += type.size();
      }
      answers.forEach(
          (name, answer) -> {
            if (!answer.equals(first)) {
              different.add(one.name() + " at " + name);
            }
          });
    }
    verdicts.verdict(
        different.isEmpty() && resources > 0,
        "equal content, equal versions: "
            + resources
            + " resources of "
            + lab.workloads().envoys().size()
            + " proxies compared on "
            + lab.scenario().controlPlanes().size()
            + " control planes, different: "
            + (different.isEmpty() ? "0" : different));
  }

  /**
   * Kills one control plane: proxies that know another move there, the others go on with what they
   * have; brings it back.
   */
  void move(Scenario.Step step) throws IOException {
    String gone = step.get("name", "");
    Set<String> moving = new TreeSet<>();
    Set<String> staying = new TreeSet<>();
    for (var entry : lab.controlPlanes().streams().entrySet()) {
      if (entry.getValue().controlPlane().equals(gone)) {
        boolean several =
            lab.workloads().envoy(entry.getKey()).bootstrap().xdsAddresses().size() > 1;
        (several ? moving : staying).add(entry.getKey());
      }
    }
    long from = System.nanoTime();
    lab.processes().inflict(lab.within(gone, Part.ALL), Processes.Fate.KILL);
    boolean moved =
        Wait.happens(
            Duration.ofSeconds(30),
            () -> lab.controlPlanes().streams().keySet().containsAll(moving));
    double seconds = (System.nanoTime() - from) / 1e9;
    Verdicts.pause(Duration.ofSeconds(2));
    Map<String, ControlPlanes.ProxyStream> now = lab.controlPlanes().streams();
    long bytes =
        now.entrySet().stream()
            .filter(e -> moving.contains(e.getKey()))
            .mapToLong(e -> e.getValue().bytes())
            .sum();
    verdicts.verdict(
        moved && bytes == 0 && !moving.isEmpty(),
        String.format(Locale.ROOT, "%s killed (-9): ", gone)
            + moving.size()
            + " proxies that know another control plane moved there"
            + (moved ? String.format(Locale.ROOT, " within %.1f s", seconds) : " NOT within 30 s")
            + " and were sent "
            + bytes
            + " bytes of resources");
    TrafficSteps.Lost lost = traffic.lost(from, "");
    verdicts.verdict(
        lost.failed() == 0 && staying.stream().noneMatch(now::containsKey),
        staying.size()
            + " proxies that know no other go on with what they have "
            + staying
            + "; failed requests of all: "
            + lost);
    lab.processes().heal(lab.within(gone, Part.ALL));
    lab.workloads().await(BACK);
    Verdicts.pause(Duration.ofSeconds(1));
    Map<String, ControlPlanes.ProxyStream> after = lab.controlPlanes().streams();
    long again = after.values().stream().filter(s -> s.controlPlane().equals(gone)).count();
    bytes =
        after.values().stream()
            .filter(s -> s.controlPlane().equals(gone))
            .mapToLong(ControlPlanes.ProxyStream::bytes)
            .sum();
    lost = traffic.lost(from, "");
    verdicts.verdict(
        again >= staying.size() && bytes == 0 && lost.failed() == 0,
        gone
            + " back: "
            + again
            + " proxies reconnected to it and were sent "
            + bytes
            + " bytes of resources; those that moved stay where they are; failed requests of all: "
            + lost);
  }
}
