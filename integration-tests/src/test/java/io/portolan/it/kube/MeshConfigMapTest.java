package io.portolan.it.kube;

import static io.portolan.it.kube.TwoClusters.BACKEND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portolan.server.PortolanServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Settings in a real ConfigMap, and roots in those of two real clusters. */
class MeshConfigMapTest {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final String ROOTS = "istio-ca-root-cert";

  @TempDir static Path home;
  private static TwoClusters clusters;

  @BeforeAll
  static void start() throws IOException {
    clusters = new TwoClusters(home);
    clusters.backends(clusters.two, "10.72", 2);
  }

  @AfterAll
  static void stop() throws IOException {
    clusters.close();
  }

  private static void settings(String mesh, String networks) throws IOException {
    Kubernetes.apply(
        clusters.one,
        """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: istio, namespace: istio-system}
        data:
          mesh: |
            %s
          meshNetworks: |
            %s
        """
            .formatted(mesh, networks));
  }

  private static String gateway(String address) {
    return "networks: {net-two: {gateways: [{address: " + address + ", port: 15443}]}}";
  }

  private static Predicate<List<ModelProxy.Host>> through(String address) {
    return hosts -> hosts.stream().anyMatch(h -> h.address().equals(address));
  }

  private static JsonNode page(PortolanServer server, String path) throws IOException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return new ObjectMapper()
          .readTree(
              client
                  .send(
                      HttpRequest.newBuilder(
                              URI.create(
                                  "http://127.0.0.1:" + server.adminAddress().getPort() + path))
                          .build(),
                      HttpResponse.BodyHandlers.ofString())
                  .body());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  private static JsonNode finding(PortolanServer server, String text) throws IOException {
    long end = System.nanoTime() + SOON.toNanos();
    while (System.nanoTime() < end) {
      for (JsonNode finding : page(server, "/debug/findings")) {
        if (finding.toString().contains(text)) {
          return finding;
        }
      }
      LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
    }
    throw new AssertionError("no finding with " + text + ": " + page(server, "/debug/findings"));
  }

  private static JsonNode roots(PortolanServer server, String cluster, String state)
      throws IOException {
    long end = System.nanoTime() + SOON.toNanos();
    while (System.nanoTime() < end) {
      for (JsonNode roots : page(server, "/debug/leader").path("roots")) {
        if (roots.path("cluster").asText().equals(cluster)
            && roots.path("state").asText().equals(state)
            && roots.path("due").asInt() == 0
            && (roots.path("current").asInt() > 0 || state.equals("NOT_ALLOWED"))) {
          return roots;
        }
      }
      LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
    }
    throw new AssertionError(page(server, "/debug/leader").toString());
  }

  @Test
  void anEditIsServedAndABrokenOneIsNot() throws Exception {
    settings("trustDomain: map.example", gateway("10.72.0.8"));
    clusters.join("istio-remote-secret-two", clusters.two.adminToken());
    try (PortolanServer server = clusters.portolan(home.resolve("data-edit"), "");
        ModelProxy near = TwoClusters.proxy(server, "one")) {
      near.await(BACKEND, SOON, through("10.72.0.8"));
      assertEquals("map.example", page(server, "/debug/registry").path("trustDomain").asText());

      settings("trustDomain: map.example", gateway("10.72.0.9"));
      near.await(BACKEND, SOON, through("10.72.0.9"));

      ModelProxy.Sent before = near.sent();
      settings(
          "{trustDomain: other.example, connectTimeout: soon}",
          "networks: {net-two: {gateways: [{address: 10.72.0.7, port: 99999}]}}");
      JsonNode networks = finding(server, "gateways[0].port");
      assertEquals("ConfigMap istio-system/istio key meshNetworks", networks.path("file").asText());
      JsonNode mesh = finding(server, "connectTimeout");
      assertEquals("ConfigMap istio-system/istio key mesh", mesh.path("file").asText());
      Kubernetes.kubectl(clusters.one, "", "delete", "configmap", "-n", "istio-system", "istio");
      finding(server, "is gone, what it said last stays");
      assertEquals(new ModelProxy.Sent(0, 0), near.sent().since(before));

      settings("trustDomain: other.example", gateway("10.72.0.6"));
      near.await(BACKEND, SOON, through("10.72.0.6"));
      finding(server, "'other.example' holds from the next start on");
      assertEquals("map.example", page(server, "/debug/registry").path("trustDomain").asText());
    }
  }

  @Test
  void theFileIsAboveTheMap() throws Exception {
    settings("trustDomain: map.example", gateway("10.72.0.8"));
    clusters.join("istio-remote-secret-two", clusters.two.adminToken());
    try (PortolanServer server =
            clusters.portolan(home.resolve("data-file"), gateway("10.72.0.5") + "\n");
        ModelProxy near = TwoClusters.proxy(server, "one")) {
      near.await(BACKEND, SOON, through("10.72.0.5"));
      assertEquals("map.example", page(server, "/debug/registry").path("trustDomain").asText());
    }
  }

  @Test
  void theRootsAreInBothClustersWhereTheCredentialAllowsIt() throws Exception {
    Kubernetes.kubectl(
        clusters.one,
        "",
        "delete",
        "configmap",
        "-n",
        "istio-system",
        "istio",
        "--ignore-not-found");
    clusters.join("istio-remote-secret-two", clusters.two.adminToken());
    try (PortolanServer server = clusters.portolan(home.resolve("data-roots"), "")) {
      roots(server, "one", "PUBLISHING");
      JsonNode two = roots(server, "two", "PUBLISHING");
      assertTrue(two.path("writes").asInt() >= 3, two.toString());
      assertEquals(
          "one",
          Kubernetes.kubectl(
              clusters.two,
              "",
              "get",
              "configmap",
              "-n",
              "demo",
              ROOTS,
              "-o",
              "jsonpath={.metadata.annotations.portolan\\.io/written-by-cluster}"));

      // Another credential, that may read and nothing else.
      Kubernetes.apply(
          clusters.two,
          """
          {apiVersion: v1, kind: ServiceAccount, metadata: {name: looker, namespace: kube-system}}
          ---
          apiVersion: rbac.authorization.k8s.io/v1
          kind: ClusterRole
          metadata: {name: looker}
          rules:
          - apiGroups: ["", discovery.k8s.io]
            resources: [namespaces, nodes, services, pods, endpointslices]
            verbs: [list, watch]
          ---
          apiVersion: rbac.authorization.k8s.io/v1
          kind: ClusterRoleBinding
          metadata: {name: looker}
          roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: looker}
          subjects: [{kind: ServiceAccount, name: looker, namespace: kube-system}]
          """);
      String token =
          Kubernetes.kubectl(clusters.two, "", "create", "token", "-n", "kube-system", "looker")
              .strip();
      clusters.join("istio-remote-secret-two", token);
      roots(server, "two", "NOT_ALLOWED");
      JsonNode finding = finding(server, "the roots are not published here");
      assertTrue(finding.toString().contains("may not create configmaps"), finding.toString());
      assertEquals("info", finding.path("severity").asText());
    }
  }
}
