package io.portolan.it.kube;

import io.portolan.it.Workspace;
import io.portolan.lab.kubernetes.KubernetesCluster;
import io.portolan.server.KubernetesSettings;
import io.portolan.server.PortolanServer;
import io.portolan.server.ServerSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Objects;

/**
 * Two real API servers, {@code one} and {@code two}, on two networks, and a Portolan that runs
 * beside {@code one} and reaches {@code two} through a relay with faults.
 */
final class TwoClusters implements AutoCloseable {
  static final String BACKEND = "outbound|8080||backend.demo.svc.cluster.local";

  private final Path home;
  final KubernetesCluster one;
  final KubernetesCluster two;
  final CutProxy link;

  TwoClusters(Path home) throws IOException {
    this.home = home;
    this.one = Kubernetes.start("one", home);
    this.two = Kubernetes.start("two", home);
    this.link = new CutProxy(two.port());
    prepare(one, "net-one", "10.71");
    prepare(two, "net-two", "10.72");
    Kubernetes.kubectl(
        one,
        "",
        "apply",
        "--server-side",
        "-f",
        Workspace.root().resolve("deploy/crds").toString());
  }

  /** What every test expects in {@code two}, after its API server forgot everything. */
  void prepareAgain() throws IOException {
    prepare(two, "net-two", "10.72");
  }

  private static void prepare(KubernetesCluster cluster, String network, String prefix)
      throws IOException {
    Kubernetes.apply(
        cluster,
        """
        apiVersion: v1
        kind: Namespace
        metadata: {name: istio-system, labels: {topology.istio.io/network: %1$s}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: demo}}
        ---
        apiVersion: v1
        kind: Node
        metadata:
          name: n1
          labels: {topology.kubernetes.io/region: region-%3$s, topology.kubernetes.io/zone: zone-a}
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: eastwest
          namespace: istio-system
          labels: {topology.istio.io/network: %1$s}
        spec:
          type: LoadBalancer
          ports: [{name: tls, port: 15443}]
        ---
        {apiVersion: v1, kind: ServiceAccount, metadata: {name: reader, namespace: kube-system}}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: reader}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
        subjects: [{kind: ServiceAccount, name: reader, namespace: kube-system}]
        """
            .formatted(network, prefix, cluster.name()));
    Kubernetes.kubectl(
        cluster,
        "",
        "patch",
        "service",
        "-n",
        "istio-system",
        "eastwest",
        "--subresource=status",
        "-p",
        "{\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"" + prefix + ".0.1\"}]}}}");
  }

  /** A service with this many ready pods of a mesh, in slices that the real controller makes. */
  void backends(KubernetesCluster cluster, String prefix, int pods) throws IOException {
    StringBuilder yaml =
        new StringBuilder(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: backend, namespace: demo}
            spec: {selector: {app: backend}, ports: [{name: http, port: 8080}]}
            """);
    for (int i = 1; i <= pods; i++) {
      yaml.append(
          """
          ---
          apiVersion: v1
          kind: Pod
          metadata:
            name: backend-%d
            namespace: demo
            labels: {app: backend, security.istio.io/tlsMode: istio}
          spec: {nodeName: n1, containers: [{name: app, image: none}]}
          """
              .formatted(i));
    }
    Kubernetes.apply(cluster, yaml.toString());
    for (int i = 1; i <= pods; i++) {
      ready(cluster, "backend-" + i, prefix + ".1." + i, true);
    }
  }

  /** Sets a pod's status, as a kubelet would. */
  void ready(KubernetesCluster cluster, String pod, String ip, boolean ready) throws IOException {
    Kubernetes.kubectl(
        cluster,
        "",
        "patch",
        "pod",
        "-n",
        "demo",
        pod,
        "--subresource=status",
        "-p",
        "{\"status\":{\"phase\":\"Running\",\"podIP\":\"%1$s\",\"podIPs\":[{\"ip\":\"%1$s\"}],\"conditions\":[{\"type\":\"Ready\",\"status\":\"%2$s\"}]}}"
            .formatted(ip, ready ? "True" : "False"));
  }

  /** The remote secret of {@code two}, through the relay, in the form of istioctl. */
  void join(String name, String token) throws IOException {
    joinBy(name, two.kubeconfig("https://127.0.0.1:" + link.port(), token));
  }

  /** The remote secret of {@code two} with this kubeconfig. */
  void joinBy(String name, String kubeconfig) throws IOException {
    Kubernetes.apply(one, remoteSecret(name, kubeconfig));
  }

  private static String remoteSecret(String name, String kubeconfig) {
    return """
    apiVersion: v1
    kind: Secret
    metadata:
      name: %s
      namespace: istio-system
      labels: {istio/multiCluster: "true"}
      annotations: {networking.istio.io/cluster: two}
    data:
      two: %s
    """
        .formatted(
            name,
            Base64.getEncoder()
                .encodeToString(kubeconfig.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
  }

  /**
   * Starts a control plane.
   *
   * @param data its data directory, kept over restarts by the caller
   * @param more lines of mesh.yaml
   */
  PortolanServer portolan(Path data, String more) throws IOException {
    return portolan(data, more, Clock.systemUTC());
  }

  /** The same by another clock. */
  PortolanServer portolan(Path data, String more, Clock clock) throws IOException {
    return portolan(data, more, clock, new KubernetesSettings("one", one.kubeconfig(), null));
  }

  /** The same with other settings of reading API servers. */
  PortolanServer portolan(Path data, String more, Clock clock, KubernetesSettings kubernetes)
      throws IOException {
    Path mesh = Files.createTempDirectory(home, "mesh-");
    Files.writeString(mesh.resolve("mesh.yaml"), "gatewayProbe: {enabled: false}\n" + more);
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return PortolanServer.start(
        new ServerSettings(
            mesh,
            data,
            null,
            any,
            any,
            any,
            Duration.ofHours(24),
            List.of(),
            List.of("istio-ca"),
            Duration.ZERO,
            null,
            kubernetes),
        clock);
  }

  static ModelProxy proxy(PortolanServer server, String cluster) {
    return new ModelProxy(
        Objects.requireNonNull(server.plaintextXdsAddress()), cluster, "net-" + cluster);
  }

  @Override
  public void close() throws IOException {
    try (one;
        two;
        link) {
      // Closes all three, whatever one of them throws.
    }
  }
}
