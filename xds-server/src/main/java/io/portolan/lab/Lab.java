package io.portolan.lab;

import com.fasterxml.jackson.databind.JsonNode;
import io.portolan.ca.authn.JoinIdentity;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.ca.store.OwnerOnlyFiles;
import io.portolan.cli.AdminClient;
import io.portolan.cli.Bootstrap;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A running lab: its processes and its traffic. Commands may come from any thread. */
public final class Lab implements AutoCloseable {
  private static final Duration TOKEN_LIFETIME = Duration.ofDays(7);
  private static final String ADMIN_PORT = "15000";

  private final Scenario scenario;
  private final Path state;
  private final Path envoy;
  private final List<String> java;
  private final PrintWriter out;
  private final List<LabProcess> processes = new ArrayList<>();
  private final List<Traffic> traffic = new ArrayList<>();
  private final Map<String, String> envoys = new LinkedHashMap<>();
  private String xds = "";
  private String admin = "";

  /**
   * @param state directory of this lab, made anew
   * @param java how to run this program: the java executable with its options and class path
   */
  public Lab(Scenario scenario, Path state, Path envoy, List<String> java, PrintWriter out) {
    this.scenario = scenario;
    this.state = state;
    this.envoy = envoy;
    this.java = List.copyOf(java);
    this.out = out;
  }

  Scenario scenario() {
    return scenario;
  }

  List<Traffic> traffic() {
    return List.copyOf(traffic);
  }

  String admin() {
    return admin;
  }

  Path mesh() {
    return state.resolve("mesh");
  }

  /** Names of the Envoys with their admin addresses. */
  Map<String, String> envoys() {
    return Map.copyOf(envoys);
  }

  /**
   * Starts control plane, applications, proxies and traffic, and waits until all are there.
   *
   * @throws IOException when something does not come up; the message names its log
   */
  public void start(int requestsPerSecond) throws IOException {
    checkAddresses();
    OwnerOnlyFiles.directory(state);
    copy(scenario.directory().resolve("mesh"), mesh());
    startControlPlane();
    say("control plane on " + xds + ", admin pages on http://" + admin);
    startApplications();
    scenario
        .gateways()
        .forEach(
            g ->
                addEnvoy(
                    g.name() + "." + g.cluster(),
                    g.cluster(),
                    LabProcess.Kind.GATEWAY,
                    bootstrap(
                        "router",
                        g.name(),
                        g.namespace(),
                        g.cluster(),
                        g.serviceAccount(),
                        g.labels(),
                        g.address(),
                        "127.0.0.1")));
    scenario
        .workloads()
        .forEach(
            w ->
                addEnvoy(
                    w.name() + "." + w.cluster(),
                    w.cluster(),
                    LabProcess.Kind.SIDECAR,
                    bootstrap(
                        "sidecar",
                        w.name(),
                        w.namespace(),
                        w.cluster(),
                        w.serviceAccount(),
                        Map.of(),
                        w.address(),
                        w.app())));
    scenario.clients().stream()
        .filter(c -> !c.address().isEmpty())
        .forEach(
            c ->
                addEnvoy(
                    c.name() + "." + c.cluster(),
                    c.cluster(),
                    LabProcess.Kind.CLIENT,
                    bootstrap(
                        "sidecar",
                        c.name(),
                        c.namespace(),
                        c.cluster(),
                        c.serviceAccount(),
                        Map.of(),
                        c.address(),
                        c.address())));
    for (LabProcess process : List.copyOf(processes)) {
      if (!process.isRunning()) {
        process.start();
      }
    }
    remember();
    awaitProxies(Duration.ofSeconds(30));
    say(envoys.size() + " Envoys connected");
    Wait.until(Duration.ofSeconds(30), "every gateway to answer its probe", this::gatewaysUp);
    for (Scenario.Client client : scenario.clients()) {
      Traffic stream = new Traffic(client);
      traffic.add(stream);
      stream.start(requestsPerSecond);
    }
  }

  private boolean gatewaysUp() {
    try {
      for (JsonNode gateway : new AdminClient(admin).json("/debug/gateways")) {
        if (!gateway.path("up").asBoolean()
            || gateway.path("reason").asText().startsWith("not probed")) {
          return false;
        }
      }
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private void say(String line) {
    out.println("  " + line);
    out.flush();
  }

  /** Another lab, or anything else, may hold the addresses: found out before anything starts. */
  private void checkAddresses() throws IOException {
    List<String> addresses = new ArrayList<>();
    scenario.workloads().forEach(w -> addresses.add(w.address()));
    scenario.gateways().forEach(g -> addresses.add(g.address()));
    for (String address : addresses) {
      try (ServerSocket socket = new ServerSocket()) {
        socket.bind(new InetSocketAddress(address, Integer.parseInt(ADMIN_PORT)));
      } catch (IOException e) {
        throw new IOException(
            "address "
                + address
                + ":"
                + ADMIN_PORT
                + " is in use (remedy: 'portolan lab stop' ends a lab that is still running)",
            e);
      }
    }
  }

  private void startControlPlane() throws IOException {
    Path ports = state.resolve("ports.json");
    Files.deleteIfExists(ports);
    List<String> command = new ArrayList<>(java);
    command.addAll(
        List.of(
            "io.portolan.cli.Main",
            "serve",
            "--mesh",
            mesh().toString(),
            "--data",
            state.resolve("data").toString(),
            "--ports-file",
            ports.toString(),
            "--xds-address",
            xds.isEmpty() ? "127.0.0.1:0" : xds,
            "--admin-address",
            admin.isEmpty() ? "127.0.0.1:0" : admin));
    LabProcess process =
        new LabProcess(
            "control-plane",
            "",
            LabProcess.Kind.CONTROL_PLANE,
            command,
            state.resolve("control-plane.log"));
    process.start();
    processes.add(process);
    Wait.until(
        Duration.ofSeconds(30),
        "control plane, see " + state.resolve("control-plane.log"),
        () -> Files.exists(ports) || !process.isRunning());
    if (!Files.exists(ports)) {
      throw new IOException(
          "the control plane did not start, see " + state.resolve("control-plane.log"));
    }
    JsonNode bound = new com.fasterxml.jackson.databind.ObjectMapper().readTree(ports.toFile());
    xds = bound.path("xds").asText();
    admin = bound.path("admin").asText();
  }

  private void startApplications() throws IOException {
    for (String cluster : scenario.clusters()) {
      List<String> command = new ArrayList<>(java);
      command.add("io.portolan.lab.EchoMain");
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
      if (command.getLast().endsWith("EchoMain")) {
        continue;
      }
      LabProcess process =
          new LabProcess(
              "applications." + cluster,
              cluster,
              LabProcess.Kind.APPLICATIONS,
              command,
              state.resolve("applications-" + cluster + ".log"));
      process.start();
      processes.add(process);
    }
  }

  private Bootstrap bootstrap(
      String role,
      String name,
      String namespace,
      String cluster,
      String account,
      Map<String, String> labels,
      String address,
      String app) {
    Path directory = state.resolve("envoys").resolve(name + "." + cluster);
    return new Bootstrap(
        role,
        name,
        namespace,
        cluster,
        account,
        "",
        "",
        labels,
        "NONE",
        address,
        app,
        xds,
        state.resolve("data/ca/root-cert.pem").toString(),
        directory.resolve("token-sds.yaml").toString(),
        directory.toString(),
        address + ":" + ADMIN_PORT,
        true);
  }

  private void addEnvoy(String name, String cluster, LabProcess.Kind kind, Bootstrap made) {
    try {
      Path directory = state.resolve("envoys").resolve(name);
      OwnerOnlyFiles.directory(state.resolve("envoys"));
      OwnerOnlyFiles.directory(directory);
      Path token = directory.resolve("token");
      String minted =
          JoinTokens.open(state.resolve("data"), Clock.systemUTC())
              .mint(
                  new JoinIdentity(cluster, made.namespace(), made.serviceAccount()),
                  TOKEN_LIFETIME);
      OwnerOnlyFiles.write(token, minted.getBytes(StandardCharsets.US_ASCII));
      OwnerOnlyFiles.write(
          directory.resolve("token-sds.yaml"),
          Bootstrap.tokenSds(token.toString()).getBytes(StandardCharsets.UTF_8));
      Path config = directory.resolve("envoy.yaml");
      OwnerOnlyFiles.write(config, made.yaml().getBytes(StandardCharsets.UTF_8));
      processes.add(
          new LabProcess(
              name,
              cluster,
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
              state.resolve("envoys").resolve(name + ".log")));
      envoys.put(name, made.adminAddress());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
    }
  }

  private void remember() throws IOException {
    StringBuilder text = new StringBuilder();
    for (LabProcess process : processes) {
      if (!process.identity().isEmpty()) {
        text.append(process.identity()).append('\n');
      }
    }
    OwnerOnlyFiles.write(
        state.resolve("processes"), text.toString().getBytes(StandardCharsets.US_ASCII));
  }

  /** Waits until every Envoy is connected and live. */
  void awaitProxies(Duration longest) throws IOException {
    Wait.until(
        longest,
        "every Envoy to connect and go live, see " + state.resolve("envoys"),
        () -> {
          try {
            JsonNode proxies = new AdminClient(admin).json("/debug/proxies");
            if (proxies.size() < envoys.size()) {
              return false;
            }
            for (String address : envoys.values()) {
              if (new AdminClient(address).text("/ready").status() != 200) {
                return false;
              }
            }
            return true;
          } catch (IOException e) {
            return false;
          }
        });
  }

  /** Everything of a cluster that a cut takes: not the clients, which stand outside. */
  private List<LabProcess> of(String cluster, boolean gatewayOnly) {
    return processes.stream()
        .filter(p -> p.cluster().equals(cluster) && p.kind() != LabProcess.Kind.CLIENT)
        .filter(p -> !gatewayOnly || p.kind() == LabProcess.Kind.GATEWAY)
        .toList();
  }

  /**
   * Cuts a cluster off.
   *
   * @param kill crash the processes instead of freezing them
   * @param gatewayOnly its gateway alone
   */
  public void cut(String cluster, boolean kill, boolean gatewayOnly) throws IOException {
    List<LabProcess> all = of(cluster, gatewayOnly);
    if (all.isEmpty()) {
      throw new IOException(
          "no cluster '" + cluster + "' in this lab (expected one of " + scenario.clusters() + ")");
    }
    // One thread each, so that the cut is one moment and not a sequence.
    List<Thread> threads = new ArrayList<>();
    for (LabProcess process : all) {
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      if (kill) {
                        process.crash();
                      } else {
                        process.freeze();
                      }
                    } catch (IOException e) {
                      out.println("  " + process.name() + ": " + e.getMessage());
                    }
                  }));
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Brings a cut cluster back. */
  public void heal(String cluster) throws IOException {
    for (LabProcess process : of(cluster, false)) {
      process.heal();
    }
    remember();
  }

  /** Ends the control plane without notice. */
  void crashControlPlane() throws IOException {
    for (LabProcess process : processes) {
      if (process.kind() == LabProcess.Kind.CONTROL_PLANE) {
        process.crash();
      }
    }
  }

  /** Starts the control plane again on the same ports. */
  void restartControlPlane() throws IOException {
    processes.removeIf(p -> p.kind() == LabProcess.Kind.CONTROL_PLANE);
    startControlPlane();
    remember();
  }

  /** Ends every process; safe to call twice. */
  @Override
  public void close() {
    traffic.forEach(Traffic::close);
    for (LabProcess process : processes) {
      try {
        process.stop();
      } catch (IOException e) {
        out.println("  " + process.name() + " may still run: " + e.getMessage());
      }
    }
  }
}
