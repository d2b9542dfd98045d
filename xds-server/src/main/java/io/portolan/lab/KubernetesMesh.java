package io.portolan.lab;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.portolan.install.Chart;
import io.portolan.install.InstallException;
import io.portolan.lab.kubernetes.KubernetesBinaries;
import io.portolan.lab.kubernetes.KubernetesCluster;
import io.portolan.registry.source.kubernetes.membership.ClientFailures;
import io.portolan.registry.source.kubernetes.membership.ClientSettings;
import io.portolan.registry.source.kubernetes.membership.KubeconfigParser;
import io.portolan.registry.source.kubernetes.membership.KubeconfigRules;
import io.portolan.registry.source.kubernetes.membership.KubernetesClients;
import io.portolan.registry.source.kubernetes.membership.RemoteSecrets;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * The clusters of a lab as real API servers: what a mesh directory holds is applied to them, pods
 * get their status from the lab as from a kubelet, and the first cluster holds the remote secrets
 * of the others.
 *
 * <p>EndpointSlices cannot hold loopback addresses, and all addresses of a lab are such. So the
 * clusters run without the controller that makes slices, and services take their endpoints from
 * pods.
 */
final class KubernetesMesh implements AutoCloseable {
  private static final String SYSTEM = "istio-system";
  private static final String MANAGER = "portolan-lab";
  private static final PatchContext BY_LAB =
      new PatchContext.Builder()
          .withPatchType(PatchType.SERVER_SIDE_APPLY)
          .withFieldManager(MANAGER)
          .withForce(true)
          .build();

  private static final int TRIES = 100;
  private static final long PAUSE_NANOS = 100_000_000;

  private final Path mesh;
  private final Path home;
  private final KubernetesBinaries binaries;
  private final PrintWriter out;
  private final Map<String, KubernetesCluster> clusters = new LinkedHashMap<>();
  private final Map<String, KubernetesClient> clients = new LinkedHashMap<>();
  private final KubernetesClients opener =
      new KubernetesClients(ClientSettings.of("lab"), Clock.systemUTC());

  /**
   * @param mesh a mesh directory with one folder per cluster
   * @param home where the API servers keep their state
   */
  KubernetesMesh(Path mesh, Path home, KubernetesBinaries binaries, PrintWriter out) {
    this.mesh = mesh;
    this.home = home;
    this.binaries = binaries;
    this.out = out;
  }

  /**
   * Starts the API servers and applies everything.
   *
   * @throws IOException naming the object or the log
   */
  void start() throws IOException {
    for (String name : folders()) {
      KubernetesCluster cluster =
          KubernetesCluster.start(name, home.resolve(name), binaries, List.of(), false);
      clusters.put(name, cluster);
      clients.put(name, open(cluster));
      out.println("  API server of " + name + " on " + cluster.url());
      out.flush();
    }
    String own = own();
    List<String> definitions = definitions();
    for (String name : clusters.keySet()) {
      for (String definition : definitions) {
        apply(name, definition);
      }
      apply(name, "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + SYSTEM + "}");
      for (Path file : files(name)) {
        applyAll(name, Files.readString(file, StandardCharsets.UTF_8));
      }
    }
    for (var other : clusters.entrySet()) {
      if (!other.getKey().equals(own)) {
        apply(
            own,
            Serialization.asJson(
                RemoteSecrets.secret(
                    SYSTEM, other.getKey(), Files.readString(other.getValue().kubeconfig()))));
      }
    }
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

  private KubernetesClient open(KubernetesCluster cluster) throws IOException {
    Path file = cluster.kubeconfig();
    return switch (KubeconfigParser.parse(Files.readString(file), KubeconfigRules.file(file))) {
      case KubeconfigParser.Usable usable -> opener.open(usable.config());
      case KubeconfigParser.Refused refused ->
          throw new IOException(file + ": " + String.join("; ", refused.reasons()));
    };
  }

  private KubernetesClient client(String cluster) {
    return java.util.Objects.requireNonNull(clients.get(cluster), cluster);
  }

  /** The cluster the control plane reads its policies from. */
  String own() {
    return clusters.keySet().iterator().next();
  }

  /** What the control plane is told. */
  List<String> serveArguments() {
    String own = own();
    Path kubeconfig = java.util.Objects.requireNonNull(clusters.get(own)).kubeconfig();
    return List.of("--kubeconfig", kubeconfig.toString(), "--cluster-id", own);
  }

  /** A file of the mesh directory has changed: what it says now is applied. */
  void changed(String name) throws IOException {
    int slash = name.indexOf('/');
    if (slash > 0) {
      applyAll(
          name.substring(0, slash), Files.readString(mesh.resolve(name), StandardCharsets.UTF_8));
    }
  }

  private void applyAll(String cluster, String text) throws IOException {
    for (String document : text.split("\n---", -1)) {
      if (!document.isBlank()) {
        apply(cluster, document);
      }
    }
  }

  private void apply(String cluster, String document) throws IOException {
    KubernetesClient client = client(cluster);
    GenericKubernetesResource object;
    try {
      object =
          client.getKubernetesSerialization().unmarshal(document, GenericKubernetesResource.class);
    } catch (KubernetesClientException e) {
      throw new IOException("not a Kubernetes object: " + ClientFailures.reason(e), e);
    }
    Object status = object.getAdditionalProperties().remove("status");
    if (object.getKind().equals("Pod")) {
      containers(object);
    }
    send(
        object,
        cluster,
        () -> client.resource(object).fieldManager(MANAGER).forceConflicts().serverSideApply());
    if (status instanceof Map<?, ?> fields) {
      Map<String, Object> whole = new LinkedHashMap<>();
      fields.forEach((key, value) -> whole.put(String.valueOf(key), value));
      if (object.getKind().equals("Pod")) {
        whole.putIfAbsent("phase", "Running");
      }
      object.getAdditionalProperties().put("status", whole);
      object.getMetadata().setManagedFields(null);
      object.getMetadata().setResourceVersion(null);
      send(object, cluster, () -> client.resource(object).subresource("status").patch(BY_LAB));
    }
  }

  /** API servers want a container in a pod; mesh directories need not name one. */
  private static void containers(GenericKubernetesResource pod) {
    if (pod.getAdditionalProperties().get("spec") instanceof Map<?, ?> spec
        && !spec.containsKey("containers")) {
      Map<String, Object> whole = new LinkedHashMap<>();
      spec.forEach((key, value) -> whole.put(String.valueOf(key), value));
      whole.put("containers", List.of(Map.of("name", "app", "image", "lab.invalid/app")));
      pod.getAdditionalProperties().put("spec", whole);
    }
  }

  /** A definition takes a moment until objects of its kind are taken. */
  private static void send(GenericKubernetesResource object, String cluster, Runnable request)
      throws IOException {
    for (int left = TRIES; ; left--) {
      try {
        request.run();
        return;
      } catch (KubernetesClientException e) {
        if (e.getCode() != 404 || left == 0) {
          throw new IOException(
              "cluster "
                  + cluster
                  + " does not take "
                  + object.getKind()
                  + " "
                  + object.getMetadata().getName()
                  + ": "
                  + ClientFailures.reason(e),
              e);
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  /** Cuts the API server of a cluster off; nothing happens for other names. */
  void cut(String name, Processes.Fate fate) throws IOException {
    KubernetesCluster cluster = clusters.get(name);
    if (cluster != null) {
      switch (fate) {
        case FREEZE -> cluster.freeze();
        case KILL -> cluster.kill();
      }
    }
  }

  /** Brings a cut API server back. */
  void heal(String name) throws IOException {
    KubernetesCluster cluster = clusters.get(name);
    if (cluster != null) {
      cluster.heal();
    }
  }

  /** Processes of all API servers. */
  List<Long> pids() {
    return clusters.values().stream().flatMap(cluster -> cluster.pids().stream()).toList();
  }

  /** Ends all API servers; safe to call twice. */
  @Override
  public void close() {
    clients.values().forEach(KubernetesClient::close);
    for (KubernetesCluster cluster : new ArrayList<>(clusters.values())) {
      try {
        cluster.close();
      } catch (IOException e) {
        out.println("  API server of " + cluster.name() + ": " + e.getMessage());
      }
    }
  }
}
