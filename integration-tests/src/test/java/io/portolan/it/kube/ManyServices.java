package io.portolan.it.kube;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.portolan.lab.kubernetes.KubernetesCluster;
import io.portolan.registry.source.kubernetes.membership.ClientSettings;
import io.portolan.registry.source.kubernetes.membership.KubernetesClients;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Services in namespace {@code demo} with their slices and pods, as a cluster of that size has
 * them: pods of a mesh with addresses, every endpoint naming its pod.
 */
final class ManyServices {
  /** Requests at a time; an API server allows 200 that write. */
  private static final int PARALLEL = 24;

  private ManyServices() {}

  /** Creates {@code services} with {@code each} endpoints, at most 200 each. */
  static void create(KubernetesCluster cluster, int services, int each)
      throws IOException, InterruptedException {
    KubernetesClients opener = new KubernetesClients(ClientSettings.of("test"), Clock.systemUTC());
    try (KubernetesClient client = opener.open(cluster.kubeconfig());
        ExecutorService threads = Executors.newFixedThreadPool(PARALLEL)) {
      List<Future<?>> running = new ArrayList<>();
      for (int s = 0; s < services; s++) {
        int service = s;
        running.add(threads.submit(() -> create(client, service, each)));
      }
      for (Future<?> one : running) {
        try {
          one.get();
        } catch (ExecutionException e) {
          threads.shutdownNow();
          throw new IOException("the API server takes no more: " + e.getCause(), e);
        }
      }
    }
  }

  static String cluster(int service) {
    return "outbound|8080||" + name(service) + ".demo.svc.cluster.local";
  }

  private static String name(int service) {
    return "many-" + service;
  }

  private static void create(KubernetesClient client, int service, int each) {
    StringBuilder endpoints = new StringBuilder();
    for (int e = 0; e < each; e++) {
      String pod = name(service) + "-" + e;
      String ip = "10.%d.%d.%d".formatted(80 + service / 200, service % 200 + 1, e + 1);
      pod(client, pod, name(service), ip);
      endpoints
          .append(e == 0 ? "" : ",")
          .append(
              """
              {"addresses": ["%s"], "conditions": {"ready": true, "serving": true},
               "nodeName": "n1", "zone": "zone-a",
               "targetRef": {"kind": "Pod", "namespace": "demo", "name": "%s"}}
              """
                  .formatted(ip, pod));
    }
    client.raw(
        "/apis/discovery.k8s.io/v1/namespaces/demo/endpointslices",
        "POST",
        """
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
         "metadata": {"name": "%1$s-1", "namespace": "demo",
           "labels": {"kubernetes.io/service-name": "%1$s"}},
         "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
         "endpoints": [%2$s]}
        """
            .formatted(name(service), endpoints));
    client.raw(
        "/api/v1/namespaces/demo/services",
        "POST",
        """
        {"apiVersion": "v1", "kind": "Service",
         "metadata": {"name": "%s", "namespace": "demo"},
         "spec": {"ports": [{"name": "http", "port": 8080}]}}
        """
            .formatted(name(service)));
  }

  private static void pod(KubernetesClient client, String name, String app, String ip) {
    String object =
        """
        {"apiVersion": "v1", "kind": "Pod",
         "metadata": {"name": "%s", "namespace": "demo",
           "labels": {"app": "%s", "version": "v1", "security.istio.io/tlsMode": "istio"}},
         "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "none"}]},
         "status": {"phase": "Running", "podIP": "%s", "podIPs": [{"ip": "%3$s"}],
           "conditions": [{"type": "Ready", "status": "True"}]}}
        """
            .formatted(name, app, ip);
    client.raw("/api/v1/namespaces/demo/pods", "POST", object);
    client.raw("/api/v1/namespaces/demo/pods/" + name + "/status", "PUT", object);
  }
}
