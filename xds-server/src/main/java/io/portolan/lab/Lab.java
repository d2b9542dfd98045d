package io.portolan.lab;

import io.portolan.ca.store.OwnerOnlyFiles;
import io.portolan.lab.kubernetes.KubernetesBinaries;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
   * What a cut of a cluster or of a control plane takes: not the clients, which stand outside.
   *
   * @throws IOException when there is neither of that name
   */
  List<LabProcess> within(String target, boolean gatewayOnly) throws IOException {
    List<LabProcess> found =
        processes.matching(
            p ->
                p.kind() != LabProcess.Kind.CLIENT
                    && (p.cluster().equals(target)
                        || (p.kind() == LabProcess.Kind.CONTROL_PLANE && p.name().equals(target)))
                    && (!gatewayOnly || p.kind() == LabProcess.Kind.GATEWAY));
    if (found.isEmpty()) {
      throw new IOException(
          (gatewayOnly ? "no gateway in '" : "nothing named '")
              + target
              + "' in this lab (expected a cluster of "
              + scenario.clusters()
              + (gatewayOnly
                  ? ""
                  : " or a control plane of "
                      + scenario.controlPlanes().stream().map(Scenario.ControlPlane::name).toList())
              + ")");
    }
    return found;
  }

  /**
   * Cuts a cluster or a control plane off.
   *
   * @param gatewayOnly the cluster's gateways alone
   */
  void cut(String target, Processes.Fate fate, boolean gatewayOnly) throws IOException {
    if (kubernetes != null && !gatewayOnly) {
      kubernetes.cut(target, fate);
    }
    processes.inflict(within(target, gatewayOnly), fate);
  }

  /** Brings a cut cluster or control plane back. */
  void heal(String target) throws IOException {
    processes.heal(within(target, false));
    if (kubernetes != null) {
      kubernetes.heal(target);
    }
  }

  /** {@code up}, or what is cut: {@code frozen}, {@code down}, {@code gateway frozen} … */
  String stateOf(String cluster) {
    List<LabProcess> own =
        processes.matching(p -> p.cluster().equals(cluster) && p.kind() != LabProcess.Kind.CLIENT);
    List<String> cut = own.stream().map(LabProcess::state).filter(s -> !s.equals("up")).toList();
    if (cut.isEmpty()) {
      return "up";
    }
    if (cut.size() == own.size()) {
      return cut.getFirst();
    }
    return own.stream()
        .filter(p -> !p.state().equals("up"))
        .map(
            p ->
                switch (p.kind()) {
                      case GATEWAY -> "gateway";
                      case CONTROL_PLANE -> "control plane";
                      case SIDECAR, APPLICATIONS, CLIENT -> p.name();
                    }
                    + " "
                    + p.state())
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
