package io.portolan.lab;

import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.portolan.install.Chart;
import io.portolan.install.InstallException;
import io.portolan.lab.kubernetes.KubernetesBinaries;
import io.portolan.lab.kubernetes.KubernetesCluster;
import io.portolan.registry.source.kubernetes.membership.ClientSettings;
import io.portolan.registry.source.kubernetes.membership.KubernetesClients;
import io.portolan.registry.source.kubernetes.membership.RemoteSecrets;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The clusters of a lab as real API servers: what a mesh directory holds is applied to them, pods
 * and nodes get their status from the lab as from kubelets, and each cluster that a control plane
 * takes its members from holds the remote secrets of the others.
 *
 * <p>In a network namespace the clusters run the controller that makes EndpointSlices. These cannot
 * hold loopback addresses: on loopback services take their endpoints from pods instead.
 */
final class KubernetesMesh implements AutoCloseable {
  private static final String SYSTEM = "istio-system";
  private static final Duration SLICES = Duration.ofSeconds(60);
  private static final Duration HEARTBEAT = Duration.ofSeconds(2);
  private static final Duration END = Duration.ofSeconds(15);

  private final Scenario scenario;
  private final Path mesh;
  private final Path home;
  private final KubernetesBinaries binaries;
  private final PrintWriter out;
  private final Map<String, KubernetesCluster> clusters = new ConcurrentSkipListMap<>();
  private final Map<String, ClusterObjects> objects = new ConcurrentSkipListMap<>();
  private final Map<String, String> cut = new ConcurrentHashMap<>();
  private final List<ScheduledExecutorService> kubelets = new ArrayList<>();
  private final ExecutorService starting = Executors.newVirtualThreadPerTaskExecutor();
  private final KubernetesClients opener =
      new KubernetesClients(ClientSettings.of("lab"), Clock.systemUTC());

  /**
   * @param mesh a mesh directory with one folder per cluster
   * @param home where the API servers keep their state
   */
  KubernetesMesh(
      Scenario scenario, Path mesh, Path home, KubernetesBinaries binaries, PrintWriter out) {
    this.scenario = scenario;
    this.mesh = mesh;
    this.home = home;
    this.binaries = binaries;
    this.out = out;
  }

  /** Whether endpoints come from EndpointSlices that Kubernetes' own controller makes. */
  boolean makesSlices() {
    return scenario.addresses() == LabAddresses.NAMESPACE;
  }

  private interface Work {
    void on(String cluster) throws IOException;
  }

  /**
   * Starts the API servers and applies everything.
   *
   * @throws IOException naming the object or the log
   */
  void start() throws IOException {
    List<String> names = folders();
    checkSlices(names);
    forEach(
        names,
        name -> {
          KubernetesCluster cluster =
              KubernetesCluster.start(name, home.resolve(name), binaries, List.of(), makesSlices());
          clusters.put(name, cluster);
          objects.put(name, new ClusterObjects(name, opener.open(cluster.kubeconfig())));
        });
    clusters.forEach((name, c) -> out.println("  API server of " + name + " on " + c.url()));
    out.flush();
    List<String> definitions = definitions();
    forEach(names, name -> fill(name, definitions));
    TreeSet<String> configs = new TreeSet<>();
    scenario.controlPlanes().forEach(one -> configs.add(config(one)));
    for (String config : configs) {
      for (var other : clusters.entrySet()) {
        if (!other.getKey().equals(config)) {
          of(config)
              .apply(
                  Serialization.asJson(
                      RemoteSecrets.secret(
                          SYSTEM,
                          other.getKey(),
                          Files.readString(other.getValue().kubeconfig()))));
        }
      }
    }
    names.forEach(this::startKubelets);
    if (makesSlices()) {
      forEach(names, this::awaitSlices);
    }
  }

  private void forEach(List<String> names, Work work) throws IOException {
    List<Future<?>> all = new ArrayList<>();
    try {
      for (String name : names) {
        all.add(
            starting.submit(
                () -> {
                  work.on(name);
                  return name;
                }));
      }
      for (Future<?> one : all) {
        var _ = one.get();
      }
    } catch (RejectedExecutionException e) {
      throw new IOException("the lab is ending", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      throw new IOException(String.valueOf(e.getCause()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private void fill(String name, List<String> definitions) throws IOException {
    ClusterObjects own = of(name);
    for (String definition : definitions) {
      own.apply(definition);
    }
    own.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: " + SYSTEM + "}");
    for (Path file : files(name)) {
      applyFile(name, file);
    }
    for (Scenario.Workload w : scenario.workloads()) {
      account(name, w.cluster(), w.namespace(), w.serviceAccount());
    }
    for (Scenario.Gateway g : scenario.gateways()) {
      account(name, g.cluster(), g.namespace(), g.serviceAccount());
    }
    for (Scenario.Client c : scenario.clients()) {
      if (!c.address().isEmpty()) {
        account(name, c.cluster(), c.namespace(), c.serviceAccount());
      }
    }
  }

  private void account(String cluster, String of, String namespace, String name)
      throws IOException {
    if (cluster.equals(of)) {
      of(cluster).account(namespace, name);
    }
  }

  private void applyFile(String cluster, Path file) throws IOException {
    of(cluster).applyAll(Files.readString(file, StandardCharsets.UTF_8));
  }

  /** What API servers would not take, found out before any is started. */
  private void checkSlices(List<String> names) throws IOException {
    for (String name : names) {
      for (Path file : files(name)) {
        if (!makesSlices() && Files.readString(file).contains("kind: EndpointSlice")) {
          throw new IOException(
              "scenario '"
                  + scenario.name()
                  + "' needs an EndpointSlice ("
                  + name
                  + "/"
                  + file.getFileName()
                  + "), and API servers take none of loopback addresses (remedy: see above, or run it"
                  + " without --kubernetes)");
        }
      }
    }
  }

  /** A loaded machine may take long to run the controllers; without slices nothing would work. */
  private void awaitSlices(String name) throws IOException {
    Wait.until(
        SLICES,
        "the EndpointSlices of " + name + ", see " + home.resolve(name) + "/*.log",
        () -> {
          try {
            return of(name).withoutSlices().isEmpty();
          } catch (IOException e) {
            return false;
          }
        });
  }

  /** Heartbeats of nodes; while the API server is cut they are lost, as those of kubelets are. */
  private void startKubelets(String name) {
    ScheduledThreadPoolExecutor kubelet =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("kubelets-" + name).factory());
    kubelets.add(kubelet);
    var _ =
        kubelet.scheduleWithFixedDelay(
            () -> {
              try {
                if (!cut.containsKey(name)) {
                  of(name).heartbeat(Clock.systemUTC().instant());
                }
              } catch (KubernetesClientException e) {
                // Cut in the middle of it: the next one comes soon.
              }
            },
            0,
            HEARTBEAT.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  private static List<String> definitions() throws IOException {
    try {
      return Chart.packaged().definitions().stream().map(d -> d.tree().toString()).toList();
    } catch (InstallException e) {
      throw new IOException("the packaged definitions cannot be read: " + e.getMessage(), e);
    }
  }

  private List<String> folders() throws IOException {
    try (Stream<Path> list = Files.list(mesh)) {
      return list.filter(Files::isDirectory)
          .map(folder -> String.valueOf(folder.getFileName()))
          .sorted()
          .toList();
    }
  }

  private List<Path> files(String cluster) throws IOException {
    try (Stream<Path> list = Files.list(mesh.resolve(cluster))) {
      return list.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  /** The objects of a cluster. */
  ClusterObjects of(String cluster) {
    ClusterObjects found = objects.get(cluster);
    if (found == null) {
      throw new IllegalArgumentException(
          "no API server of '" + cluster + "' (expected one of " + objects.keySet() + ")");
    }
    return found;
  }

  /** The cluster a control plane takes policies and members from. */
  private String config(Scenario.ControlPlane one) {
    return one.config().isEmpty() ? clusters.keySet().iterator().next() : one.config();
  }

  /** Kubeconfig of an administrator of the first control plane's own cluster. */
  Path kubeconfig() throws IOException {
    return kubeconfig(scenario.controlPlanes().getFirst());
  }

  private Path kubeconfig(Scenario.ControlPlane one) throws IOException {
    KubernetesCluster cluster = clusters.get(config(one));
    if (cluster == null) {
      throw new IOException(
          "control plane "
              + one.name()
              + ": no cluster '"
              + config(one)
              + "' (expected one of "
              + clusters.keySet()
              + ")");
    }
    return cluster.kubeconfig();
  }

  /** What a control plane is told. */
  List<String> serveArguments(Scenario.ControlPlane one) throws IOException {
    return List.of("--kubeconfig", kubeconfig(one).toString(), "--cluster-id", config(one));
  }

  /** The beginning of a kubectl command line. */
  List<String> kubectl() {
    return binaries.kubectl();
  }

  /** A file of the mesh directory has changed: what it says now is applied. */
  void changed(String name) throws IOException {
    int slash = name.indexOf('/');
    if (slash > 0) {
      applyFile(name.substring(0, slash), mesh.resolve(name));
    }
  }

  /** Whether there is an API server of that name. */
  boolean has(String name) {
    return clusters.containsKey(name);
  }

  /** Cuts the API server of a cluster off; nothing happens for other names. */
  void cut(String name, Processes.Fate fate) throws IOException {
    KubernetesCluster cluster = clusters.get(name);
    if (cluster == null || cut.containsKey(name)) {
      return;
    }
    switch (fate) {
      case FREEZE -> {
        cut.put(name, "frozen");
        cluster.freeze();
      }
      case KILL -> {
        cut.put(name, "down");
        cluster.kill();
      }
    }
  }

  /** Brings a cut API server back; nothing happens when it is not cut. */
  void heal(String name) throws IOException {
    KubernetesCluster cluster = clusters.get(name);
    if (cluster != null && cut.containsKey(name)) {
      cluster.heal();
      cut.remove(name);
    }
  }

  /** {@code up}, {@code frozen} or {@code down}. */
  String state(String name) {
    return cut.getOrDefault(name, "up");
  }

  /** Processes of all API servers. */
  List<Long> pids() {
    return clusters.values().stream().flatMap(cluster -> cluster.pids().stream()).toList();
  }

  /** Ends all API servers; safe to call twice. */
  @Override
  public void close() {
    // What is starting gives up and ends what it has started.
    starting.shutdownNow();
    try {
      if (!starting.awaitTermination(END.toSeconds(), TimeUnit.SECONDS)) {
        out.println("  API servers are still starting after " + END.toSeconds() + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    kubelets.forEach(ScheduledExecutorService::shutdownNow);
    objects.values().forEach(ClusterObjects::close);
    for (KubernetesCluster cluster : clusters.values()) {
      try {
        cluster.close();
      } catch (IOException e) {
        out.println("  API server of " + cluster.name() + ": " + e.getMessage());
      }
    }
  }
}
