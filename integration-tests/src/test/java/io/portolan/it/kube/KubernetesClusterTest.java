package io.portolan.it.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.lab.kubernetes.KubernetesCluster;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The API servers that other tests stand on can be frozen, killed, restarted and emptied. */
class KubernetesClusterTest {
  @Test
  void survivesEveryFault(@TempDir Path home) throws IOException {
    try (KubernetesCluster cluster = Kubernetes.start("one", home)) {
      Kubernetes.apply(cluster, "{apiVersion: v1, kind: Namespace, metadata: {name: demo}}");
      assertTrue(namespaces(cluster).contains("namespace/demo"));

      cluster.freeze();
      assertThrows(
          IOException.class,
          () -> Kubernetes.kubectl(cluster, "", "get", "ns", "--request-timeout=1s"));
      cluster.thaw();
      assertTrue(namespaces(cluster).contains("namespace/demo"));

      int port = cluster.port();
      cluster.kill();
      assertThrows(IOException.class, () -> namespaces(cluster));
      cluster.restart();
      assertEquals(port, cluster.port());
      assertTrue(namespaces(cluster).contains("namespace/demo"));

      cluster.restartEmpty();
      assertFalse(namespaces(cluster).contains("namespace/demo"));
      String version = Kubernetes.kubectl(cluster, "", "version");
      assertTrue(version.contains("Server Version: v1.36.3"), version);
    }
  }

  @Test
  void controllersMakeSlicesAndAccounts(@TempDir Path home) throws IOException {
    try (KubernetesCluster cluster = Kubernetes.start("two", home)) {
      Kubernetes.apply(
          cluster,
          """
          {apiVersion: v1, kind: Namespace, metadata: {name: demo}}
          ---
          {apiVersion: v1, kind: Node, metadata: {name: n1}}
          ---
          apiVersion: v1
          kind: Service
          metadata: {name: backend, namespace: demo}
          spec: {selector: {app: backend}, ports: [{name: http, port: 8080}]}
          ---
          apiVersion: v1
          kind: Pod
          metadata: {name: backend-1, namespace: demo, labels: {app: backend}}
          spec: {nodeName: n1, containers: [{name: app, image: none}]}
          """);
      Kubernetes.kubectl(
          cluster,
          "",
          "patch",
          "pod",
          "-n",
          "demo",
          "backend-1",
          "--subresource=status",
          "-p",
          "{\"status\":{\"phase\":\"Running\",\"podIP\":\"10.71.1.1\",\"podIPs\":[{\"ip\":\"10.71.1.1\"}],"
              + "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}");
      Kubernetes.kubectl(
          cluster,
          "",
          "wait",
          "-n",
          "demo",
          "endpointslices",
          "-l",
          "kubernetes.io/service-name=backend",
          "--for=jsonpath={.endpoints[0].conditions.ready}=true",
          "--timeout=30s");
      Kubernetes.kubectl(
          cluster, "", "wait", "-n", "demo", "sa/default", "--for=create", "--timeout=30s");
    }
  }

  private static String namespaces(KubernetesCluster cluster) throws IOException {
    return Kubernetes.kubectl(cluster, "", "get", "namespaces", "-o", "name");
  }
}
