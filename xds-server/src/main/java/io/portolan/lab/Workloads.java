package io.portolan.lab;

import io.portolan.ca.store.OwnerOnlyFiles;
import io.portolan.cli.AdminClient;
import io.portolan.cli.Bootstrap;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The applications of a lab and its Envoys: sidecars, gateways, and the clients' sidecars. */
final class Workloads {
  private static final int ADMIN_PORT = 15000;

  private final Scenario scenario;
  private final Path state;
  private final Path envoy;
  private final List<String> java;
  private final Processes processes;
  private final ControlPlanes controlPlanes;
  private final Map<String, Envoy> envoys = new LinkedHashMap<>();

  Workloads(
      Scenario scenario,
      Path state,
      Path envoy,
      List<String> java,
      Processes processes,
      ControlPlanes controlPlanes) {
    this.scenario = scenario;
    this.state = state;
    this.envoy = envoy;
    this.java = java;
    this.processes = processes;
    this.controlPlanes = controlPlanes;
  }

  /** An Envoy: its name is {@code name.cluster}. */
  record Envoy(String name, Bootstrap bootstrap, AdminClient admin, LabProcess process) {
    String cluster() {
      return bootstrap.cluster();
    }

    /** True when it answers its readiness check. */
    boolean isReady() {
      try {
        return admin.text("/ready").status() == 200;
      } catch (IOException e) {
        return false;
      }
    }

    /** The sum of the counters whose name holds {@code part} and ends with {@code end}. */
    long stat(String part, String end) throws IOException {
      long sum = 0;
      for (String line : admin.text("/stats").body().split("\n", -1)) {
        int colon = line.lastIndexOf(": ");
        if (colon > 0 && line.substring(0, colon).endsWith(end) && line.contains(part)) {
          sum += Long.parseLong(line.substring(colon + 2).strip());
        }
      }
      return sum;
    }
  }

  /** The addresses Envoys take, for finding out whether they are free. */
  List<String> addresses() {
    List<String> addresses = new ArrayList<>();
    scenario.workloads().forEach(w -> addresses.add(w.address() + ":" + ADMIN_PORT));
    scenario.gateways().forEach(g -> addresses.add(g.address() + ":" + ADMIN_PORT));
    return addresses;
  }

  void startApplications() throws IOException {
    for (String cluster : scenario.clusters()) {
      List<String> command = new ArrayList<>(java);
      command.add("io.portolan.lab.EchoMain");
      int fixed = command.size();
      for (Scenario.Workload w : scenario.workloads()) {
        if (w.cluster().equals(cluster)) {
          command.add(
              String.join(
                  ",",
                  w.name(),
                  cluster,
                  w.zone(),
                  w.app(),
                  Integer.toString(w.port()),
                  w.address(),
                  w.calls()));
        }
      }
      if (command.size() > fixed) {
        processes.start(
            new LabProcess(
                "applications." + cluster,
                cluster,
                LabProcess.Kind.APPLICATIONS,
                command,
                state.resolve("applications-" + cluster + ".log")));
      }
    }
  }

  void startEnvoys() throws IOException {
    OwnerOnlyFiles.directory(state.resolve("envoys"));
    for (Scenario.Gateway g : scenario.gateways()) {
      Bootstrap made =
          new Bootstrap(
              "router",
              g.name(),
              g.namespace(),
              g.cluster(),
              g.serviceAccount(),
              "",
              "",
              g.labels(),
              "NONE",
              g.address(),
              "127.0.0.1",
              scenario.xdsOf(g.cluster()),
              controlPlanes.root().toString(),
              tokenSds(g.name() + "." + g.cluster()).toString(),
              home(g.name() + "." + g.cluster()).toString(),
              g.address() + ":" + ADMIN_PORT,
              true);
      start(made, LabProcess.Kind.GATEWAY, g.cluster());
    }
    for (Scenario.Workload w : scenario.workloads()) {
      List<String> xds = w.xds().isEmpty() ? scenario.xdsOf(w.cluster()) : w.xds();
      Bootstrap made =
          sidecar(
              w.name(), w.namespace(), w.cluster(), w.serviceAccount(), w.address(), w.app(), xds);
      start(made, LabProcess.Kind.SIDECAR, w.cluster());
    }
    for (Scenario.Client c : scenario.clients()) {
      if (!c.address().isEmpty()) {
        Bootstrap made =
            sidecar(
                c.name(),
                c.namespace(),
                c.cluster(),
                c.serviceAccount(),
                c.address(),
                c.address(),
                scenario.xdsOf(c.cluster()));
        start(made, LabProcess.Kind.CLIENT, c.cluster());
      }
    }
  }

  private Path home(String name) {
    return state.resolve("envoys").resolve(name);
  }

  private Path tokenSds(String name) {
    return home(name).resolve("token-sds.yaml");
  }

  private Bootstrap sidecar(
      String name,
      String namespace,
      String cluster,
      String account,
      String address,
      String app,
      List<String> xds) {
    return new Bootstrap(
        "sidecar",
        name,
        namespace,
        cluster,
        account,
        "",
        "",
        Map.of(),
        "NONE",
        address,
        app,
        xds,
        controlPlanes.root().toString(),
        tokenSds(name + "." + cluster).toString(),
        home(name + "." + cluster).toString(),
        address + ":" + ADMIN_PORT,
        true);
  }

  private void start(Bootstrap made, LabProcess.Kind kind, String tokenCluster) throws IOException {
    Envoy one = envoy(made, kind, tokenCluster);
    envoys.put(one.name(), one);
    processes.start(one.process());
  }

  /**
   * Starts a sidecar beside the scenario that claims one cluster and shows the token of another.
   *
   * @return it, not counted among the lab's Envoys; the caller ends it
   */
  Envoy startImpostor(String address, String cluster, String tokenCluster, List<String> xds)
      throws IOException {
    Bootstrap made = sidecar("impostor", "demo", cluster, "client", address, address, xds);
    Envoy one = envoy(made, LabProcess.Kind.CLIENT, tokenCluster);
    processes.start(one.process());
    return one;
  }

  private Envoy envoy(Bootstrap made, LabProcess.Kind kind, String tokenCluster)
      throws IOException {
    String name = made.name() + "." + made.cluster();
    OwnerOnlyFiles.directory(home(name));
    Path token = home(name).resolve("token");
    String minted = controlPlanes.token(tokenCluster, made.namespace(), made.serviceAccount());
    OwnerOnlyFiles.write(token, minted.getBytes(StandardCharsets.US_ASCII));
    OwnerOnlyFiles.write(
        tokenSds(name), Bootstrap.tokenSds(token.toString()).getBytes(StandardCharsets.UTF_8));
    Path config = home(name).resolve("envoy.yaml");
    OwnerOnlyFiles.write(config, made.yaml().getBytes(StandardCharsets.UTF_8));
    LabProcess process =
        new LabProcess(
            name,
            made.cluster(),
            kind,
            List.of(
                envoy.toString(),
                "-c",
                config.toString(),
                "--disable-hot-restart",
                "--concurrency",
                "1",
                "--log-level",
                "warning"),
            state.resolve("envoys").resolve(name + ".log"));
    return new Envoy(name, made, new AdminClient(made.adminAddress()), process);
  }

  /** The Envoys by name. */
  Map<String, Envoy> envoys() {
    return Collections.unmodifiableMap(envoys);
  }

  /** One Envoy. */
  Envoy envoy(String name) throws IOException {
    Envoy one = envoys.get(name);
    if (one == null) {
      throw new IOException("no Envoy '" + name + "' (expected one of " + envoys.keySet() + ")");
    }
    return one;
  }

  /** Waits until every Envoy is connected and live, and the applications listen. */
  void await(Duration longest) throws IOException {
    Wait.until(
        longest,
        "every Envoy to connect and go live, see the logs in " + state,
        () ->
            processes.matching(p -> p.kind() == LabProcess.Kind.APPLICATIONS).stream()
                    .allMatch(p -> p.hasSaid("echo ready"))
                && controlPlanes.streams().keySet().containsAll(envoys.keySet())
                && envoys.values().stream().allMatch(Envoy::isReady));
  }
}
