package io.portolan.it.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.base.Splitter;
import io.portolan.cli.AdminClient;
import io.portolan.it.Workspace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A cluster joins by its remote secret: a real API server that holds all its services, pods and
 * slices, and a control plane of its own JVM with proxies connected. Prints the time until the
 * cluster is in the registry and until every proxy has all of it, pushes for each proxy, and heap
 * of the control plane for each endpoint.
 *
 * <p>Run it as a main class; arguments: services, endpoints per service, proxies, and {@code
 * direct} for clusters on one network, where proxies are sent every endpoint, or {@code gateway}.
 */
public final class JoinBench {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final int MOST_CLASSES = 16;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process server;
  private final JsonNode ports;

  private JoinBench(Process server, JsonNode ports) {
    this.server = server;
    this.ports = ports;
  }

  /** Prints one line per figure. */
  public static void main(String[] args) throws Exception {
    int services = args.length > 0 ? Integer.parseInt(args[0]) : 5_000;
    int each = args.length > 1 ? Integer.parseInt(args[1]) : 10;
    int proxies = args.length > 2 ? Integer.parseInt(args[2]) : 10;
    boolean direct = args.length > 3 && args[3].equals("direct");
    Path home = Files.createTempDirectory("join-bench");
    Process server = null;
    try (TwoClusters clusters = new TwoClusters(home)) {
      if (direct) {
        Kubernetes.kubectl(
            clusters.two,
            "",
            "label",
            "--overwrite",
            "namespace",
            "istio-system",
            "topology.istio.io/network=net-one");
      }
      long start = System.nanoTime();
      ManyServices.create(clusters.two, services, each);
      print("objects created in the API server", start);
      clusters.backends(clusters.one, "10.71", 1);
      server = start(clusters, home);
      new JoinBench(server, ports(server, home)).measure(clusters, services, each, proxies, direct);
    } finally {
      if (server != null) {
        server.destroyForcibly().waitFor();
      }
      Workspace.deleteTree(home);
    }
  }

  private static Process start(TwoClusters clusters, Path home) throws IOException {
    Path mesh = Files.createDirectories(home.resolve("bench-mesh"));
    Files.writeString(mesh.resolve("mesh.yaml"), "gatewayProbe: {enabled: false}\n");
    return new ProcessBuilder(
            Workspace.java(),
            "-XX:+UseCompactObjectHeaders",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-jar",
            Workspace.jar().toString(),
            "serve",
            "--mesh=" + mesh,
            "--data=" + home.resolve("bench-data"),
            "--kubeconfig=" + clusters.one.kubeconfig(),
            "--cluster-id=one",
            "--xds-address=127.0.0.1:0",
            "--plaintext-xds-address=127.0.0.1:0",
            "--admin-address=127.0.0.1:0",
            "--ports-file=" + home.resolve("ports.json"))
        .redirectErrorStream(true)
        .redirectOutput(home.resolve("bench-server.log").toFile())
        .start();
  }

  private static JsonNode ports(Process server, Path home) throws IOException {
    Path file = home.resolve("ports.json");
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!Files.exists(file)) {
      if (!server.isAlive() || System.nanoTime() > end) {
        throw new IOException(Files.readString(home.resolve("bench-server.log")));
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
    }
    return JSON.readTree(file.toFile());
  }

  private void measure(TwoClusters clusters, int services, int each, int proxies, boolean direct)
      throws Exception {
    List<ModelProxy> connected = new ArrayList<>();
    try {
      String[] xds = ports.path("plaintextXds").asText().split(":", 2);
      for (int i = 0; i < proxies; i++) {
        connected.add(
            new ModelProxy(
                new InetSocketAddress(xds[0], Integer.parseInt(xds[1])), "one", "net-one"));
      }
      for (ModelProxy proxy : connected) {
        proxy.await(TwoClusters.BACKEND, PATIENCE, hosts -> hosts.size() == 1);
      }
      List<Integer> before = pushes();
      Map<String, Long> heap = heap();
      long start = System.nanoTime();
      clusters.join("istio-remote-secret-two", clusters.two.adminToken());
      int endpoints = services * each;
      while (endpoints("two") < endpoints) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
      print("remote secret applied to cluster in the registry", start);
      int expected = direct ? each : 1;
      for (ModelProxy proxy : connected) {
        for (int s = 0; s < services; s++) {
          proxy.await(ManyServices.cluster(s), PATIENCE, hosts -> hosts.size() == expected);
        }
      }
      print("remote secret applied to all of it at every proxy", start);
      List<Integer> after = pushes();
      int most = 0;
      for (int i = 0; i < after.size(); i++) {
        most = Math.max(most, after.get(i) - before.get(i));
      }
      System.out.printf(Locale.ROOT, "pushes for each of %d proxies: %d%n", proxies, most);
      printHeap(heap, heap(), endpoints);
    } finally {
      for (ModelProxy proxy : connected) {
        proxy.close();
      }
    }
  }

  private static void print(String what, long start) {
    System.out.printf(Locale.ROOT, "%s: %.2f s%n", what, (System.nanoTime() - start) / 1e9);
  }

  private JsonNode page(String path) throws IOException {
    return new AdminClient(ports.path("admin").asText()).json(path);
  }

  private int endpoints(String cluster) throws IOException {
    for (JsonNode node : page("/debug/clusters")) {
      if (node.path("id").asText().equals(cluster)) {
        return node.path("endpoints").asInt();
      }
    }
    return 0;
  }

  private List<Integer> pushes() throws IOException {
    List<Integer> pushes = new ArrayList<>();
    for (JsonNode value : page("/debug/proxies").findValues("pushes")) {
      pushes.add(value.asInt());
    }
    return pushes;
  }

  /**
   * Live bytes by class, after a collection that the histogram asks for; without what the collector
   * fills gaps with.
   */
  private Map<String, Long> heap() throws IOException, InterruptedException {
    Process jcmd =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/jcmd",
                Long.toString(server.pid()),
                "GC.class_histogram")
            .redirectErrorStream(true)
            .start();
    String text = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    jcmd.waitFor();
    Map<String, Long> bytes = new HashMap<>();
    for (String line : text.lines().toList()) {
      // " 1:  instances  bytes  class (module)"
      List<String> columns = Splitter.on(' ').omitEmptyStrings().splitToList(line);
      if (columns.size() > 3
          && columns.getFirst().endsWith(":")
          && !columns.get(3).contains("FillerElement")) {
        bytes.merge(columns.get(3), Long.parseLong(columns.get(2)), Long::sum);
      }
    }
    if (bytes.isEmpty()) {
      throw new IOException(text);
    }
    return bytes;
  }

  private static void printHeap(Map<String, Long> before, Map<String, Long> after, int endpoints) {
    Map<String, Long> grown = new HashMap<>();
    after.forEach((type, bytes) -> grown.put(type, bytes - before.getOrDefault(type, 0L)));
    System.out.printf(
        Locale.ROOT,
        "heap of the control plane for each of %d endpoints: %d bytes, of these%n",
        endpoints,
        grown.values().stream().mapToLong(Long::longValue).sum() / endpoints);
    grown.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .limit(MOST_CLASSES)
        .forEach(
            entry ->
                System.out.printf(
                    Locale.ROOT, "  %4d %s%n", entry.getValue() / endpoints, entry.getKey()));
  }
}
