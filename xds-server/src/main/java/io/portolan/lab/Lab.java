package io.portolan.lab;

import io.portolan.ca.store.OwnerOnlyFiles;
import io.portolan.lab.kubernetes.KubernetesBinaries;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A running lab: its processes and its traffic. Commands may come from any thread. */
final class Lab implements AutoCloseable {
  private final Scenario scenario;
  private final PrintWriter out;
  private final Path state;
  private final Processes processes;
  private final @Nullable KubernetesMesh kubernetes;
  private final ControlPlanes controlPlanes;
  private final Workloads workloads;
  private final List<Traffic> traffic = new CopyOnWriteArrayList<>();
  private final Clock clock = Clock.systemUTC();
  private volatile Change lastChange = new Change(clock.instant(), System.nanoTime(), Map.of());

  /**
   * @param state directory of this lab, made anew
   * @param kubernetes programs of API servers to read the clusters from, null to read files
   * @param java how to run this program: the java executable with its options and class path
   */
  Lab(
      Scenario scenario,
      Path state,
      Path envoy,
      List<String> java,
      PrintWriter out,
      @Nullable KubernetesBinaries kubernetes) {
    this.scenario = scenario;
    this.state = state;
    this.out = out;
    this.processes = new Processes(state.resolve("processes"), out);
    this.kubernetes =
        kubernetes == null
            ? null
            : new KubernetesMesh(
                scenario,
                ControlPlanes.mesh(state, scenario.controlPlanes().getFirst()),
                state.resolve("kubernetes"),
                kubernetes,
                out);
    if (this.kubernetes != null) {
      processes.also(this.kubernetes::pids);
    }
    this.controlPlanes = new ControlPlanes(scenario, state, java, processes, this.kubernetes);
    this.workloads = new Workloads(scenario, state, envoy, java, processes, controlPlanes);
  }

  Scenario scenario() {
    return scenario;
  }

  List<Traffic> traffic() {
    return List.copyOf(traffic);
  }

  ControlPlanes controlPlanes() {
    return controlPlanes;
  }

  Workloads workloads() {
    return workloads;
  }

  Processes processes() {
    return processes;
  }

  /**
   * Starts control planes, applications, proxies and traffic, and waits until all are there.
   *
   * @throws IOException when something does not come up; the message names its log
   */
  void start(int requestsPerSecond) throws IOException {
    checkAddresses();
    OwnerOnlyFiles.directory(state);
    controlPlanes.start();
    for (Scenario.ControlPlane one : scenario.controlPlanes()) {
      say(
          "control plane "
              + one.name()
              + (one.cluster().isEmpty() ? "" : " in " + one.cluster())
              + " on "
              + one.xds()
              + ", admin pages on http://"
              + one.admin());
    }
    workloads.startApplications();
    workloads.startEnvoys();
    workloads.await(Duration.ofSeconds(60));
    say(workloads.envoys().size() + " Envoys connected");
    Wait.until(
        Duration.ofSeconds(30), "every gateway to answer its probe", controlPlanes::gatewaysUp);
    for (Scenario.Client client : scenario.clients()) {
      Traffic stream = new Traffic(client);
      traffic.add(stream);
      stream.start(requestsPerSecond);
    }
  }

  private void say(String line) {
    out.println("  " + line);
    out.flush();
  }

  /** Another lab, or anything else, may hold the addresses: found out before anything starts. */
  private void checkAddresses() throws IOException {
    List<String> addresses = new ArrayList<>(workloads.addresses());
    scenario.controlPlanes().forEach(c -> addresses.addAll(List.of(c.xds(), c.admin())));
    for (String address : addresses) {
      int colon = address.lastIndexOf(':');
      try (ServerSocket socket = new ServerSocket()) {
        // As the servers themselves: connections of an earlier lab may linger in TIME_WAIT.
        socket.setReuseAddress(true);
        socket.bind(
            new InetSocketAddress(
                address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))));
      } catch (IOException e) {
        throw new IOException(
            "address "
                + address
                + " is in use (remedy: 'portolan lab stop' ends a lab that is still running)",
            e);
      }
    }
  }

  /**
   * Processes that a cut takes, the API server aside.
   *
   * @param target a cluster or a control plane
   * @throws IOException when there is neither of that name, or it has nothing of that part
   */
  List<LabProcess> within(String target, Part part) throws IOException {
    List<LabProcess> found =
        processes.matching(
            p ->
                part.takes(p.kind())
                    && (p.cluster().equals(target)
                        || (p.kind() == LabProcess.Kind.CONTROL_PLANE && p.name().equals(target))));
    boolean known = isApiServerOf(target) && part.takesApiServer();
    if (found.isEmpty() && !known) {
      throw new IOException(
          "'"
              + target
              + "' has nothing "
              + (part == Part.ALL ? "to cut" : "that --" + part.word() + " takes")
              + " in this lab (expected a cluster of "
              + scenario.clusters()
              + (part == Part.ALL
                  ? " or a control plane of "
                      + scenario.controlPlanes().stream().map(Scenario.ControlPlane::name).toList()
                  : "")
              + (part == Part.CONTROL && kubernetes == null
                  ? "; remedy: API servers are there with --kubernetes"
                  : "")
              + ")");
    }
    return found;
  }

  private boolean isApiServerOf(String cluster) {
    return kubernetes != null && kubernetes.has(cluster);
  }

  /** Cuts a cluster or a part of it, or a control plane, off. */
  void cut(String target, Part part, Processes.Fate fate) throws IOException {
    List<LabProcess> taken = within(target, part);
    changes();
    if (kubernetes != null && part.takesApiServer()) {
      kubernetes.cut(target, fate);
    }
    processes.inflict(taken, fate);
  }

  /** Brings a cut cluster or control plane back, its API server first. */
  void heal(String target) throws IOException {
    List<LabProcess> taken = within(target, Part.ALL);
    changes();
    if (kubernetes != null) {
      kubernetes.heal(target);
    }
    processes.heal(taken);
  }

  private void changes() {
    lastChange = new Change(clock.instant(), System.nanoTime(), controlPlanes.streams());
  }

  /**
   * A cut or a heal.
   *
   * @param at when it began
   * @param nanos the same as {@link System#nanoTime()}
   * @param streams of the proxies before
   */
  record Change(Instant at, long nanos, Map<String, ControlPlanes.ProxyStream> streams) {}

  /** The last cut or heal. */
  Change lastChange() {
    return lastChange;
  }

  /** The clusters' API servers, null where the control planes read files. */
  @Nullable KubernetesMesh kubernetes() {
    return kubernetes;
  }

  /** {@code up}, or what is cut: {@code frozen}, {@code down}, {@code gateway frozen} … */
  String stateOf(String cluster) {
    Map<String, String> data = new LinkedHashMap<>();
    Map<String, String> rest = new LinkedHashMap<>();
    for (LabProcess one : processes.matching(p -> p.cluster().equals(cluster))) {
      switch (one.kind()) {
        case GATEWAY -> data.put("gateway", one.state());
        case SIDECAR, APPLICATIONS -> data.put(one.name(), one.state());
        case CONTROL_PLANE -> rest.put("control plane", one.state());
        case CLIENT -> {}
      }
    }
    if (kubernetes != null && kubernetes.has(cluster)) {
      rest.put("API server", kubernetes.state(cluster));
    }
    if (!rest.isEmpty() && Set.copyOf(data.values()).size() == 1) {
      String state = data.values().iterator().next();
      data.clear();
      data.put("data path", state);
    }
    Map<String, String> all = new LinkedHashMap<>(data);
    all.putAll(rest);
    if (Set.copyOf(all.values()).size() == 1) {
      return all.values().iterator().next();
    }
    return all.entrySet().stream()
        .filter(one -> !one.getValue().equals("up"))
        .map(one -> one.getKey() + " " + one.getValue())
        .collect(Collectors.joining(", "));
  }

  /** Ends every process; safe to call twice. */
  @Override
  public void close() {
    traffic.forEach(Traffic::close);
    processes.close();
    if (kubernetes != null) {
      kubernetes.close();
    }
  }
}
