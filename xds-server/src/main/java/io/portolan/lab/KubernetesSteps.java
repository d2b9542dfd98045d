package io.portolan.lab;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/** Steps that look at API servers and at what the control plane makes of their silence. */
final class KubernetesSteps {
  private static final Duration NOTICED = Duration.ofSeconds(30);
  private static final Duration HEARD = Duration.ofSeconds(20);
  private static final Duration CRASH = Duration.ofSeconds(4);
  private static final Duration QUIET = Duration.ofSeconds(2);

  private final Lab lab;
  private final Verdicts verdicts;
  private final TrafficSteps traffic;

  KubernetesSteps(Lab lab, Verdicts verdicts, TrafficSteps traffic) {
    this.lab = lab;
    this.verdicts = verdicts;
    this.traffic = traffic;
  }

  private KubernetesMesh mesh(Scenario.Step step) throws IOException {
    KubernetesMesh mesh = lab.kubernetes();
    if (mesh == null) {
      throw new IOException("scenario step '" + step.action() + "' needs API servers");
    }
    return mesh;
  }

  /**
   * Endpoints come from slices: Kubernetes' controller has made them of the workloads of the
   * scenario, and a proxy's endpoints name them as their source. On loopback: from pods.
   */
  void slices(Scenario.Step step) throws IOException {
    KubernetesMesh mesh = mesh(step);
    String service = step.get("service", "");
    String namespace = step.get("namespace", "demo");
    int slices = 0;
    Set<String> addresses = new TreeSet<>();
    Set<String> zones = new TreeSet<>();
    for (String cluster : lab.scenario().clusters()) {
      ClusterObjects.Slices found = mesh.of(cluster).slices(namespace, service);
      slices += found.slices();
      addresses.addAll(found.ready());
      zones.addAll(found.zones());
    }
    Set<String> expected = new TreeSet<>();
    Set<String> expectedZones = new TreeSet<>();
    for (Scenario.Workload w : lab.scenario().workloads()) {
      if (w.name().startsWith(service + "-") && w.namespace().equals(namespace)) {
        expected.add(w.address());
        expectedZones.add(w.zone());
      }
    }
    int wanted = mesh.makesSlices() ? Integer.parseInt(step.get("count", "0")) : 0;
    if (mesh.makesSlices()) {
      verdicts.verdict(
          slices == wanted && addresses.equals(expected) && zones.equals(expectedZones),
          slices
              + " EndpointSlices of "
              + service
              + " made by kube-controller-manager (expected "
              + wanted
              + "), ready in them "
              + addresses
              + ", zones of their nodes "
              + zones);
    } else {
      verdicts.verdict(slices == 0, "no EndpointSlices on loopback: endpoints come from pods");
    }
    sources(step, mesh.makesSlices() ? "EndpointSlice" : "Pod");
  }

  /** Every endpoint that a proxy sees names an object of this kind as its source. */
  private void sources(Scenario.Step step, String kind) throws IOException {
    String proxy = step.get("proxy", "");
    String host =
        step.get("service", "") + "." + step.get("namespace", "demo") + ".svc.cluster.local";
    JsonNode answer =
        lab.controlPlanes()
            .admin(lab.scenario().controlPlanes().getFirst().name())
            .json(
                "/debug/explain?proxy="
                    + URLEncoder.encode(proxy, StandardCharsets.UTF_8)
                    + "&service="
                    + URLEncoder.encode(host, StandardCharsets.UTF_8)
                    + "&port=0");
    int endpoints = 0;
    int named = 0;
    Set<String> sources = new TreeSet<>();
    for (JsonNode assignment : answer.path("assignments")) {
      for (JsonNode endpoint : assignment.path("endpoints")) {
        endpoints++;
        boolean from = false;
        for (JsonNode source : endpoint.path("sources")) {
          from |= source.asText().contains(kind);
          sources.add(source.asText());
        }
        named += from ? 1 : 0;
      }
    }
    verdicts.verdict(
        endpoints > 0 && named == endpoints,
        "explain: "
            + named
            + " of "
            + endpoints
            + " endpoints of "
            + host
            + " at "
            + proxy
            + " name "
            + kind
            + " as their source");
    sources.forEach(verdicts::note);
  }

  /**
   * The API server of a cluster alone is cut: nothing moves and nothing is sent. A workload crashes
   * meanwhile: its API server cannot say so, and proxies find out for themselves. After the heal
   * the news gets through.
   */
  void control(Scenario.Step step) throws IOException {
    KubernetesMesh _ = mesh(step);
    String cluster = step.get("cluster", "");
    Traffic client = traffic.client(step.get("client", ""));
    boolean kill = step.is("kill");
    Map<String, ControlPlanes.ProxyStream> before = lab.controlPlanes().streams();
    long from = System.nanoTime();
    lab.cut(cluster, Part.CONTROL, kill ? Processes.Fate.KILL : Processes.Fate.FREEZE);
    boolean lost =
        Wait.happens(NOTICED, () -> member(cluster).path("phase").asText().equals("STALE"));
    double seconds = (System.nanoTime() - from) / 1e9;
    Verdicts.pause(QUIET);
    JsonNode member = member(cluster);
    verdicts.verdict(
        lost && member.path("treatment").asText().equals("KEEP"),
        String.format(
            Locale.ROOT,
            "%s of the API server of %s: noticed after %.1f s (%s), endpoints: %s",
            kill ? "crash" : "freeze",
            cluster,
            seconds,
            member.path("reason").asText(),
            member.path("treatment").asText().toLowerCase(Locale.ROOT)));
    Sent sent = Sent.between(before, lab.controlPlanes().streams());
    TrafficSteps.Lost requests = traffic.lost(from, "");
    long moved =
        client.since(from).stream().filter(s -> s.ok() && !s.cluster().equals(cluster)).count();
    verdicts.verdict(
        sent.proxies().isEmpty() && requests.failed() == 0 && moved == 0,
        "nothing moves: requests: "
            + (requests.answered() + requests.failed())
            + ", failed: "
            + requests
            + ", answers to "
            + client.client().name()
            + " from elsewhere: "
            + moved
            + "; "
            + sent);
    if (!step.get("crash", "").isEmpty()) {
      crash(step, before);
    } else {
      lab.heal(cluster);
    }
    Wait.until(
        NOTICED,
        "cluster " + cluster + " to be live again",
        () -> member(cluster).path("phase").asText().equals("LIVE"));
  }

  private void crash(Scenario.Step step, Map<String, ControlPlanes.ProxyStream> before)
      throws IOException {
    String cluster = step.get("cluster", "");
    Workloads.Envoy crashed = lab.workloads().envoy(step.get("crash", ""));
    String pod = crashed.bootstrap().name();
    long from = System.nanoTime();
    lab.processes().inflict(List.of(crashed.process()), Processes.Fate.KILL);
    Verdicts.pause(CRASH);
    Map<String, ControlPlanes.ProxyStream> streams = lab.controlPlanes().streams();
    Sent sent = Sent.between(before, streams);
    TrafficSteps.Lost requests = traffic.lost(from, "");
    verdicts.verdict(
        sent.proxies().isEmpty() && requests.failed() == 0,
        crashed.name()
            + " crashes meanwhile, and nobody can say so: requests: "
            + (requests.answered() + requests.failed())
            + ", failed: "
            + requests
            + "; "
            + sent);
    from = System.nanoTime();
    mesh(step).heal(cluster);
    lab.controlPlanes().edit(step.get("file", ""), readiness(pod, false));
    heard(
        cluster, "heal of the API server of " + cluster + ": " + pod + " not ready", streams, from);
    streams = lab.controlPlanes().streams();
    from = System.nanoTime();
    lab.processes().heal(List.of(crashed.process()));
    lab.workloads().await(Duration.ofSeconds(30));
    lab.controlPlanes().edit(step.get("file", ""), readiness(pod, true));
    streams.remove(crashed.name());
    heard(cluster, crashed.name() + " back and ready", streams, from);
  }

  /** Waits until the proxies of a cluster are told, and says what was sent to all. */
  private void heard(
      String cluster, String what, Map<String, ControlPlanes.ProxyStream> before, long from)
      throws IOException {
    List<String> own =
        before.entrySet().stream()
            .filter(one -> one.getValue().cluster().equals(cluster))
            .map(Map.Entry::getKey)
            .toList();
    boolean happened =
        Wait.happens(
            HEARD, () -> Sent.between(before, known(before)).proxies().keySet().containsAll(own));
    double seconds = (System.nanoTime() - from) / 1e9;
    Verdicts.pause(QUIET);
    Sent sent = Sent.between(before, known(before));
    TrafficSteps.Lost requests = traffic.lost(from, "");
    verdicts.verdict(
        happened && sent.mostResponses() == 1 && requests.failed() == 0,
        what
            + String.format(
                Locale.ROOT,
                ": %s %d proxies of %s told after %.1f s",
                happened ? "all" : "NOT all",
                own.size(),
                cluster,
                seconds)
            + ", requests: "
            + (requests.answered() + requests.failed())
            + ", failed: "
            + requests);
    verdicts.note(sent.toString());
  }

  /** The streams now of the proxies that had one. */
  private Map<String, ControlPlanes.ProxyStream> known(
      Map<String, ControlPlanes.ProxyStream> before) {
    Map<String, ControlPlanes.ProxyStream> now = lab.controlPlanes().streams();
    now.keySet().retainAll(before.keySet());
    return now;
  }

  /** The text of a file in which one pod is ready or not. */
  private static UnaryOperator<String> readiness(String pod, boolean ready) {
    String now = "\"" + (ready ? "False" : "True") + "\"";
    String then = "\"" + (ready ? "True" : "False") + "\"";
    return text -> {
      String separator = "\n---";
      List<String> documents = new ArrayList<>();
      for (String document : text.split(separator, -1)) {
        boolean named = document.lines().anyMatch(line -> line.strip().equals("name: " + pod));
        documents.add(named ? document.replace(now, then) : document);
      }
      return String.join(separator, documents);
    };
  }

  /** What the first control plane that answers says of a member cluster. */
  private JsonNode member(String cluster) {
    for (Scenario.ControlPlane one : lab.scenario().controlPlanes()) {
      JsonNode clusters = lab.controlPlanes().page(one, "/debug/clusters");
      if (clusters != null) {
        for (JsonNode each : clusters) {
          if (each.path("id").asText().equals(cluster)) {
            return each.path("member");
          }
        }
      }
    }
    return com.fasterxml.jackson.databind.node.MissingNode.getInstance();
  }

  /** The endpoints of a cluster go through these treatments, in this order, since the last cut. */
  void treated(Scenario.Step step) throws IOException {
    String cluster = step.get("cluster", "");
    List<String> expected = List.of(step.get("as", "").split(",", -1));
    Lab.Change change = lab.lastChange();
    Instant since = change.at();
    boolean happened =
        Wait.happens(
            Duration.ofSeconds(Long.parseLong(step.get("within", "40"))),
            () -> reached(treatments(cluster, since), expected));
    Verdicts.pause(QUIET);
    TrafficSteps.Lost requests = traffic.lost(change.nanos(), "");
    List<String> seen = new ArrayList<>();
    for (JsonNode one : history(cluster, since)) {
      seen.add(
          String.format(
              Locale.ROOT,
              "%s %s after %.1f s",
              one.path("phase").asText().toLowerCase(Locale.ROOT),
              one.path("treatment").asText(),
              Duration.between(since, Instant.parse(one.path("at").asText())).toMillis() / 1e3));
    }
    verdicts.verdict(
        happened && requests.failed() == 0,
        "endpoints of "
            + cluster
            + (happened ? ": " : " NOT treated as " + expected + ": ")
            + String.join(" → ", seen)
            + ", requests meanwhile: "
            + (requests.answered() + requests.failed())
            + ", failed: "
            + requests);
    verdicts.note(Sent.between(change.streams(), lab.controlPlanes().streams()).toString());
  }

  private List<JsonNode> history(String cluster, Instant since) {
    List<JsonNode> steps = new ArrayList<>();
    for (JsonNode one : member(cluster).path("history")) {
      if (!Instant.parse(one.path("at").asText()).isBefore(since)) {
        steps.add(one);
      }
    }
    return steps;
  }

  private List<String> treatments(String cluster, Instant since) {
    return history(cluster, since).stream().map(one -> one.path("treatment").asText()).toList();
  }

  /** Whether they have been gone through in this order and the last one holds. */
  private static boolean reached(List<String> treatments, List<String> expected) {
    int next = 0;
    for (String treatment : treatments) {
      next += next < expected.size() && treatment.equals(expected.get(next)) ? 1 : 0;
    }
    return next == expected.size() && treatments.getLast().equals(expected.getLast());
  }
}
