package io.portolan.lab;

import com.fasterxml.jackson.databind.JsonNode;
import io.portolan.ca.authn.JoinIdentity;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.ca.store.CaDirectory;
import io.portolan.ca.store.OwnerOnlyFiles;
import io.portolan.cli.AdminClient;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.source.files.MeshDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The control planes of a lab. Each has a data directory and a copy of its mesh directory of its
 * own. Several are replicas: they share the root, the clusters' {@code cacerts} and the key of the
 * join tokens, as an operator would give them.
 */
final class ControlPlanes {
  private static final Duration TOKEN_LIFETIME = Duration.ofDays(7);
  private static final Duration START = Duration.ofSeconds(90);
  private static final List<String> CA_FILES =
      List.of("root-cert.pem", "cert-chain.pem", "ca-cert.pem", "ca-key.pem");

  private static final String INTERMEDIATES = "intermediates";

  private final Scenario scenario;
  private final Path state;
  private final List<String> java;
  private final Processes processes;
  private final Map<String, LabProcess> running = new LinkedHashMap<>();
  private final @Nullable KubernetesMesh kubernetes;
  private final Map<String, AdminClient> admins = new LinkedHashMap<>();

  /**
   * @param kubernetes the clusters' API servers, null where the control planes read files
   */
  ControlPlanes(
      Scenario scenario,
      Path state,
      List<String> java,
      Processes processes,
      @Nullable KubernetesMesh kubernetes) {
    this.kubernetes = kubernetes;
    this.scenario = scenario;
    this.state = state;
    this.java = java;
    this.processes = processes;
    scenario.controlPlanes().forEach(c -> admins.put(c.name(), new AdminClient(c.admin())));
  }

  private static Path home(Path state, Scenario.ControlPlane one) {
    return state.resolve("control-planes").resolve(one.name());
  }

  /** The copy of its mesh directory that a control plane of a lab has. */
  static Path mesh(Path state, Scenario.ControlPlane one) {
    return home(state, one).resolve("mesh");
  }

  private Path home(Scenario.ControlPlane one) {
    return home(state, one);
  }

  private Path data(Scenario.ControlPlane one) {
    return home(one).resolve("data");
  }

  private Path mesh(Scenario.ControlPlane one) {
    return mesh(state, one);
  }

  /** What the control plane reads: without folders where clusters are API servers. */
  private Path settings(Scenario.ControlPlane one) {
    return kubernetes == null ? mesh(one) : home(one).resolve("settings");
  }

  private Path sharedCa() {
    return state.resolve("shared").resolve("ca");
  }

  private boolean replicated() {
    return scenario.controlPlanes().size() > 1;
  }

  /** The root that proxies check control planes against. */
  Path root() {
    Path ca = replicated() ? sharedCa() : data(scenario.controlPlanes().getFirst()).resolve("ca");
    return ca.resolve("root-cert.pem");
  }

  /**
   * A token that every control plane accepts: of the cluster's API server where there is one, else
   * a join token.
   */
  String token(String cluster, String namespace, String serviceAccount) throws IOException {
    if (kubernetes != null) {
      return kubernetes.of(cluster).token(namespace, serviceAccount, TOKEN_LIFETIME);
    }
    return JoinTokens.open(data(scenario.controlPlanes().getFirst()), Clock.systemUTC())
        .mint(new JoinIdentity(cluster, namespace, serviceAccount), TOKEN_LIFETIME);
  }

  /**
   * Starts all and waits until they are there.
   *
   * @throws IOException naming the log of the one that does not come up
   */
  void start() throws IOException {
    OwnerOnlyFiles.directory(state.resolve("control-planes"));
    for (Scenario.ControlPlane one : scenario.controlPlanes()) {
      OwnerOnlyFiles.directory(home(one));
      copy(mesh(one));
    }
    if (replicated()) {
      share();
    }
    if (kubernetes != null) {
      for (Scenario.ControlPlane one : scenario.controlPlanes()) {
        Files.createDirectories(settings(one));
        Files.copy(
            mesh(one).resolve(MeshDirectory.SETTINGS),
            settings(one).resolve(MeshDirectory.SETTINGS),
            StandardCopyOption.REPLACE_EXISTING);
      }
      kubernetes.start();
    }
    for (Scenario.ControlPlane one : scenario.controlPlanes()) {
      LabProcess process = process(one);
      running.put(one.name(), process);
      processes.start(process);
    }
    for (Scenario.ControlPlane one : scenario.controlPlanes()) {
      Wait.until(
          START,
          "control plane " + one.name() + ", see " + home(one).resolve("log"),
          () -> isReady(one) || !state(one).equals("up"));
      if (!state(one).equals("up")) {
        throw new IOException(
            "control plane " + one.name() + " did not start, see " + home(one).resolve("log"));
      }
    }
  }

  private LabProcess process(Scenario.ControlPlane one) throws IOException {
    List<String> command = new ArrayList<>(java);
    command.addAll(
        List.of(
            "io.portolan.cli.Main",
            "serve",
            "--mesh",
            settings(one).toString(),
            "--data",
            data(one).toString(),
            "--xds-address",
            one.xds(),
            "--admin-address",
            one.admin()));
    if (replicated()) {
      command.addAll(List.of("--ca", sharedCa().toString()));
    }
    if (kubernetes != null) {
      command.addAll(kubernetes.serveArguments(one));
    }
    return new LabProcess(
        one.name(),
        one.cluster(),
        LabProcess.Kind.CONTROL_PLANE,
        command,
        home(one).resolve("log"));
  }

  /**
   * One root, an intermediate per cluster, one key of join tokens. Intermediates are given as
   * Secrets {@code cacerts} of the mesh directory, or kept in the data directory where the mesh is
   * read from API servers.
   */
  private void share() throws IOException {
    MeshSettings settings =
        new MeshDirectory(
                mesh(scenario.controlPlanes().getFirst()), Clock.systemUTC(), Duration.ZERO)
            .scan()
            .settings();
    Path shared = state.resolve("shared");
    CaDirectory ca =
        CaDirectory.open(
            shared, sharedCa(), settings.trustDomain(), Duration.ofHours(24), Clock.systemUTC());
    for (String cluster : settings.clusters().keySet()) {
      var _ = ca.forCluster(cluster);
      Path intermediate = shared.resolve(INTERMEDIATES).resolve(cluster);
      for (Scenario.ControlPlane one : scenario.controlPlanes()) {
        if (kubernetes == null) {
          Path folder = mesh(one).resolve(cluster);
          Files.createDirectories(folder);
          OwnerOnlyFiles.write(
              folder.resolve("00-cacerts.yaml"),
              cacerts(settings, intermediate).getBytes(StandardCharsets.US_ASCII));
        } else {
          OwnerOnlyFiles.directory(data(one));
          OwnerOnlyFiles.directory(data(one).resolve(INTERMEDIATES));
          Path kept = data(one).resolve(INTERMEDIATES).resolve(cluster);
          OwnerOnlyFiles.directory(kept);
          for (String name : CA_FILES) {
            OwnerOnlyFiles.write(
                kept.resolve(name), Files.readAllBytes(intermediate.resolve(name)));
          }
        }
      }
    }
    var _ = JoinTokens.open(shared, Clock.systemUTC());
    for (Scenario.ControlPlane one : scenario.controlPlanes()) {
      OwnerOnlyFiles.directory(data(one));
      OwnerOnlyFiles.write(
          data(one).resolve("token-key.pem"), Files.readAllBytes(shared.resolve("token-key.pem")));
    }
  }

  private static String cacerts(MeshSettings settings, Path files) throws IOException {
    StringBuilder text =
        new StringBuilder("apiVersion: v1\nkind: Secret\nmetadata:\n  name: cacerts\n  namespace: ")
            .append(settings.rootNamespace())
            .append("\ntype: Opaque\ndata:\n");
    for (String name : CA_FILES) {
      text.append("  ")
          .append(name)
          .append(": ")
          .append(Base64.getEncoder().encodeToString(Files.readAllBytes(files.resolve(name))))
          .append('\n');
    }
    return text.toString();
  }

  private void copy(Path to) throws IOException {
    Path from = scenario.directory().resolve(Scenario.MESH);
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.writeString(
              target,
              scenario.addresses().in(Files.readString(file, StandardCharsets.UTF_8)),
              StandardCharsets.UTF_8);
        }
      }
    }
  }

  /** Edits a file in the mesh directory of every control plane, by rename. */
  void edit(String name, UnaryOperator<String> change) throws IOException {
    for (Scenario.ControlPlane one : scenario.controlPlanes()) {
      Path file = mesh(one).resolve(name);
      String text = change.apply(Files.readString(file, StandardCharsets.UTF_8));
      Path next = file.resolveSibling("." + file.getFileName() + ".next");
      Files.writeString(next, text, StandardCharsets.UTF_8);
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
    if (kubernetes != null) {
      kubernetes.changed(name);
    }
  }

  private boolean isReady(Scenario.ControlPlane one) {
    try {
      return admin(one.name()).text("/ready").status() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  /** What one answers; null when it does not. */
  @Nullable JsonNode page(Scenario.ControlPlane one, String path) {
    LabProcess process = running.get(one.name());
    if (process == null || !process.state().equals("up")) {
      return null;
    }
    try {
      return admin(one.name()).json(path);
    } catch (IOException e) {
      return null;
    }
  }

  AdminClient admin(String name) throws IOException {
    AdminClient admin = admins.get(name);
    if (admin == null) {
      throw new IOException(
          "no control plane '" + name + "' (expected one of " + admins.keySet() + ")");
    }
    return admin;
  }

  /** {@code up}, {@code frozen} or {@code down}. */
  String state(Scenario.ControlPlane one) {
    LabProcess process = running.get(one.name());
    return process == null ? "down" : process.state();
  }

  /** A proxy's stream, as the control plane that holds it tells. */
  record ProxyStream(
      String controlPlane,
      String cluster,
      String since,
      long bytes,
      long resources,
      long responses) {}

  /** The connected proxies by {@code name.cluster}; control planes that are away have none. */
  Map<String, ProxyStream> streams() {
    Map<String, ProxyStream> all = new TreeMap<>();
    for (Scenario.ControlPlane one : scenario.controlPlanes()) {
      JsonNode proxies = page(one, "/debug/proxies");
      if (proxies == null) {
        continue;
      }
      for (JsonNode proxy : proxies) {
        ProxyStream stream =
            new ProxyStream(
                one.name(),
                proxy.path("cluster").asText(),
                proxy.path("connectedSince").asText(),
                proxy.path("bytesSent").asLong(),
                proxy.path("resourcesSent").asLong(),
                proxy.path("responses").asLong());
        // While a proxy moves, its old stream may still be listed.
        all.merge(
            proxy.path("name").asText() + "." + stream.cluster(),
            stream,
            (a, b) -> a.since().compareTo(b.since()) >= 0 ? a : b);
      }
    }
    return all;
  }

  /** Whether every gateway of every control plane was probed and is up. */
  boolean gatewaysUp() {
    for (Scenario.ControlPlane one : scenario.controlPlanes()) {
      JsonNode gateways = page(one, "/debug/gateways");
      if (gateways == null) {
        return false;
      }
      for (JsonNode gateway : gateways) {
        if (!gateway.path("up").asBoolean()
            || gateway.path("reason").asText().startsWith("not probed")) {
          return false;
        }
      }
    }
    return true;
  }
}
