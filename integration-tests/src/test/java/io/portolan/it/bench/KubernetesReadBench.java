package io.portolan.it.bench;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.source.kubernetes.ClusterReader;
import io.portolan.registry.source.kubernetes.ReaderSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;

/**
 * Heap and time to read pods of an API server: what the cluster reader keeps next to fabric8's
 * objects. Run it as a main class; argument: pods.
 */
public final class KubernetesReadBench {
  private KubernetesReadBench() {}

  /** Prints one line per figure. */
  public static void main(String[] args) throws Exception {
    int pods = args.length > 0 ? Integer.parseInt(args[0]) : 3000;
    CountDownLatch done = new CountDownLatch(1);
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
    var threads = Executors.newVirtualThreadPerTaskExecutor();
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          write(exchange.getResponseBody(), pods);
          try {
            done.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    server.start();
    System.out.printf(Locale.ROOT, "%d pods of %d bytes%n", pods, pod(1).length());
    try {
      reader("http://127.0.0.1:" + server.getAddress().getPort(), pods);
      pojos(pods);
    } finally {
      done.countDown();
      server.stop(0);
      threads.shutdownNow();
    }
  }

  private static void reader(String url, int pods) throws Exception {
    var timer = Executors.newSingleThreadScheduledExecutor();
    try (KubernetesClient client =
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder()
                    .withAutoConfigure(false)
                    .withMasterUrl(url)
                    .withHttp2Disable(true)
                    .build())
            .build()) {
      read(client, timer, pods, false);
      read(client, timer, pods, true);
    } finally {
      timer.shutdownNow();
    }
  }

  private static void read(
      KubernetesClient client,
      java.util.concurrent.ScheduledExecutorService timer,
      int pods,
      boolean told)
      throws Exception {
    long before = heap();
    long start = System.nanoTime();
    CompletableFuture<List<MeshObject>> listed = new CompletableFuture<>();
    try (ClusterReader reader =
        new ClusterReader(
            "east",
            client,
            Set.of(Kind.POD),
            ReaderSettings.of("istio-system", "cluster.local"),
            new Listed(listed),
            timer,
            InstantSource.system(),
            new SplittableRandom(1))) {
      reader.start();
      List<MeshObject> objects = listed.get();
      double millis = (System.nanoTime() - start) / 1e6;
      if (objects.size() != pods) {
        throw new IllegalStateException(objects.size() + " pods");
      }
      if (told) {
        System.out.printf(
            Locale.ROOT,
            "cluster reader: %d bytes of heap a pod, %.1f µs a pod from request to list%n",
            (heap() - before) / pods,
            millis * 1000 / pods);
      }
      if (reader.status().size() != 1) {
        throw new IllegalStateException("no status");
      }
    }
  }

  private static void pojos(int pods) {
    for (int round = 0; round < 2; round++) {
      long before = heap();
      long start = System.nanoTime();
      List<Pod> kept = new ArrayList<>();
      for (int i = 0; i < pods; i++) {
        kept.add(Serialization.unmarshal(pod(i), Pod.class));
      }
      double millis = (System.nanoTime() - start) / 1e6;
      if (round == 1) {
        System.out.printf(
            Locale.ROOT,
            "fabric8's objects: %d bytes of heap a pod, %.1f µs a pod to parse%n",
            (heap() - before) / kept.size(),
            millis * 1000 / kept.size());
      }
    }
  }

  private record Listed(CompletableFuture<List<MeshObject>> objects) implements ClusterFeed {
    @Override
    public void listed(Kind kind, List<MeshObject> all) {
      objects.complete(all);
    }

    @Override
    public void put(MeshObject object) {}

    @Override
    public void remove(ObjectRef ref) {}

    @Override
    public void alive() {}

    @Override
    public void failed(String reason) {
      objects.completeExceptionally(new IOException(reason));
    }
  }

  private static void write(OutputStream out, int pods) throws IOException {
    for (int i = 0; i < pods; i++) {
      out.write(
          ("{\"type\":\"ADDED\",\"object\":" + pod(i) + "}\n").getBytes(StandardCharsets.UTF_8));
    }
    out.write(
        ("{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{"
                + "\"resourceVersion\":\"99999\",\"annotations\":{"
                + "\"k8s.io/initial-events-end\":\"true\"}}}}\n")
            .getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private static long heap() {
    for (int i = 0; i < 4; i++) {
      System.gc();
    }
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  /** A pod as a cluster with injected proxies has them: 40 pods a deployment, 100 nodes. */
  private static String pod(int i) {
    String app = "checkout-service-" + i / 40;
    String hash = Integer.toHexString(0x5f9c7d00 + i / 40);
    String suffix = Integer.toString(100_000 + i, 36);
    StringBuilder fields = new StringBuilder();
    StringBuilder env = new StringBuilder();
    for (int e = 0; e < 32; e++) {
      fields
          .append(e == 0 ? "" : ",")
          .append("\"k:{\\\"name\\\":\\\"SETTING_")
          .append(e)
          .append("\\\"}\":{\".\":{},\"f:name\":{},\"f:value\":{}}");
      env.append(e == 0 ? "" : ",")
          .append("{\"name\":\"SETTING_")
          .append(e)
          .append("\",\"value\":\"value of setting ")
          .append(e)
          .append(" in ")
          .append(app)
          .append("\"}");
    }
    String container =
        "\"image\":\"registry.example.com/shop/%s:1.4.2\",\"resources\":{\"limits\":{\"cpu\":\"2\","
            + "\"memory\":\"1Gi\"},\"requests\":{\"cpu\":\"100m\",\"memory\":\"128Mi\"}},"
            + "\"volumeMounts\":[{\"name\":\"kube-api-access-%s\",\"readOnly\":true,\"mountPath\":"
            + "\"/var/run/secrets/kubernetes.io/serviceaccount\"}],\"terminationMessagePath\":"
            + "\"/dev/termination-log\",\"imagePullPolicy\":\"IfNotPresent\"";
    return "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\""
        + (app + "-" + hash + "-" + suffix)
        + "\",\"generateName\":\"x-\",\"namespace\":\"shop-"
        + i / 400
        + "\",\"uid\":\"0b5c1f2e-7a55-4c83-9d6e-"
        + (100_000_000_000L + i)
        + "\",\"resourceVersion\":\""
        + (5000 + i)
        + "\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\",\"labels\":{\"app\":\""
        + app
        + "\",\"pod-template-hash\":\""
        + hash
        + "\",\"security.istio.io/tlsMode\":\"istio\",\"service.istio.io/canonical-name\":\""
        + app
        + "\",\"service.istio.io/canonical-revision\":\"v1\",\"version\":\"v1\"},\"annotations\":{"
        + "\"kubectl.kubernetes.io/default-container\":\"app\",\"prometheus.io/scrape\":\"true\","
        + "\"sidecar.istio.io/status\":\"{\\\"initContainers\\\":[\\\"istio-init\\\"]}\"},"
        + "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":\""
        + (app + "-" + hash)
        + "\",\"uid\":\"1\",\"controller\":true}],\"managedFields\":[{\"manager\":\"kubelet\","
        + "\"operation\":\"Update\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:spec\":{"
        + fields
        + "}}}]},\"spec\":{\"volumes\":[{\"name\":\"token\",\"projected\":{\"sources\":[{"
        + "\"serviceAccountToken\":{\"expirationSeconds\":3607,\"path\":\"token\"}}]}}],"
        + "\"initContainers\":[{\"name\":\"istio-init\","
        + container.formatted("proxyv2", suffix)
        + "}],\"containers\":[{\"name\":\"app\",\"ports\":[{\"name\":\"http\",\"containerPort\":8080,"
        + "\"protocol\":\"TCP\"},{\"name\":\"metrics\",\"containerPort\":9090,\"protocol\":\"TCP\"}],"
        + "\"env\":["
        + env
        + "],"
        + container.formatted(app, suffix)
        + "},{\"name\":\"istio-proxy\",\"ports\":[{\"name\":\"http-envoy-prom\",\"containerPort\":"
        + "15090,\"protocol\":\"TCP\"}],"
        + container.formatted("proxyv2", suffix)
        + "}],\"restartPolicy\":\"Always\",\"serviceAccountName\":\""
        + app
        + "\",\"nodeName\":\"node-"
        + i % 100
        + "\",\"tolerations\":[{\"key\":\"node.kubernetes.io/not-ready\",\"operator\":\"Exists\","
        + "\"effect\":\"NoExecute\",\"tolerationSeconds\":300}]},\"status\":{\"phase\":\"Running\","
        + "\"conditions\":[{\"type\":\"Initialized\",\"status\":\"True\"},{\"type\":\"Ready\","
        + "\"status\":\"True\",\"lastTransitionTime\":\"2026-01-01T00:00:10Z\"}],\"hostIP\":"
        + "\"192.168.0.1\",\"podIP\":\"10."
        + (i / 65_536 + ".")
        + (i / 256 % 256 + "." + i % 256)
        + "\",\"podIPs\":[{\"ip\":\"10."
        + (i / 65_536 + "." + i / 256 % 256 + "." + i % 256)
        + "\"}],\"containerStatuses\":[{\"name\":\"app\",\"ready\":true,\"restartCount\":0,"
        + "\"imageID\":\"registry.example.com/shop/app@sha256:0123456789abcdef\"}]}}";
  }
}
