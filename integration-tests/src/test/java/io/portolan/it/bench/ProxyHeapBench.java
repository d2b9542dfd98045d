package io.portolan.it.bench;

import io.portolan.ca.authn.JoinIdentity;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.it.Workspace;
import io.portolan.server.PortolanServer;
import io.portolan.server.ServerSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * Live heap of the whole server per connected sidecar: the difference between N and 2N of them,
 * each with a pod of its own and a subscription to every cluster, load assignment, listener, route
 * and secret, over plaintext and over TLS with join tokens. The registry holds all pods from the
 * start. Server and proxies run in different JVMs.
 *
 * <p>Arguments: N, services, and {@code plaintext} or {@code tls} for one of them.
 */
public final class ProxyHeapBench {
  static final String CLUSTER = "east";
  static final String NAMESPACE = "demo";
  static final String ACCOUNT = "default";

  private ProxyHeapBench() {}

  /** Prints one line per transport. */
  public static void main(String[] args) throws Exception {
    if (args.length > 0 && args[0].equals("--server")) {
      serve(
          Path.of(args[4]),
          Integer.parseInt(args[1]),
          Integer.parseInt(args[2]),
          args[3].equals("tls"));
      System.exit(0);
    }
    int proxies = args.length > 0 ? Integer.parseInt(args[0]) : 500;
    int services = args.length > 1 ? Integer.parseInt(args[1]) : 300;
    for (String transport : args.length > 2 ? List.of(args[2]) : List.of("plaintext", "tls")) {
      long[] heap = measure(proxies, services, transport);
      System.out.printf(
          Locale.ROOT,
          "%-9s heap per connected proxy %6.1f KB (%d services; %d proxies: %.1f MB, %d proxies:"
              + " %.1f MB)%n",
          transport,
          (heap[1] - heap[0]) / 1024.0 / proxies,
          services,
          proxies,
          heap[0] / 1048576.0,
          2 * proxies,
          heap[1] / 1048576.0);
    }
  }

  private static long[] measure(int proxies, int services, String transport) throws Exception {
    Path directory = Files.createTempDirectory("proxy-heap");
    List<String> command =
        PushCostBench.java(
            ProxyHeapBench.class.getName(),
            "--server",
            Integer.toString(2 * proxies),
            Integer.toString(services),
            transport,
            directory.toString());
    Path log = directory.resolve("server.log");
    Process server = new ProcessBuilder(command).redirectError(log.toFile()).start();
    Process client = null;
    try (BufferedReader answers = PushCostBench.reader(server);
        PrintStream orders = printer(server)) {
      client =
          new ProcessBuilder(
                  PushCostBench.java(
                      ProxyHeapClient.class.getName(),
                      line(answers), // port
                      line(answers), // token, empty in plaintext
                      line(answers))) // root certificate
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      long[] heap = new long[2];
      try (BufferedReader connected = PushCostBench.reader(client);
          PrintStream more = printer(client)) {
        for (int i = 0; i < heap.length; i++) {
          more.println(proxies);
          line(connected);
          orders.println("heap");
          heap[i] = Long.parseLong(line(answers));
        }
      }
      return heap;
    } finally {
      server.destroyForcibly();
      if (client != null) {
        client.destroyForcibly();
      }
      server.waitFor();
      Workspace.deleteTree(directory);
    }
  }

  private static PrintStream printer(Process process) {
    return new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
  }

  private static String line(BufferedReader lines) throws IOException {
    String line = lines.readLine();
    if (line == null) {
      throw new IOException("a process of the bench ended");
    }
    return line;
  }

  private static void serve(Path directory, int pods, int services, boolean tls) throws Exception {
    Path mesh = directory.resolve("mesh");
    writeMesh(mesh, pods, services);
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    InetSocketAddress plaintext;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      plaintext = new InetSocketAddress(InetAddress.getLoopbackAddress(), free.getLocalPort());
    }
    PrintStream answers = System.out;
    System.setOut(System.err);
    try (PortolanServer server =
            PortolanServer.start(
                new ServerSettings(
                    mesh,
                    directory.resolve("data"),
                    null,
                    any,
                    plaintext,
                    any,
                    Duration.ofHours(24),
                    List.of(),
                    Duration.ZERO,
                    null));
        BufferedReader orders =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      while (!server.readiness().isEmpty()) {
        Thread.onSpinWait();
      }
      answers.println(tls ? server.xdsAddress().getPort() : plaintext.getPort());
      answers.println(
          tls
              ? JoinTokens.open(directory.resolve("data"), Clock.systemUTC())
                  .mint(new JoinIdentity(CLUSTER, NAMESPACE, ACCOUNT), Duration.ofHours(1))
              : "");
      answers.println(directory.resolve("data/ca/root-cert.pem"));
      while (orders.readLine() != null) {
        for (int i = 0; i < 4; i++) {
          System.gc();
        }
        Runtime runtime = Runtime.getRuntime();
        answers.println(runtime.totalMemory() - runtime.freeMemory());
      }
    }
  }

  static String address(int pod) {
    return "10.1." + pod / 250 + "." + (pod % 250 + 1);
  }

  private static void writeMesh(Path mesh, int pods, int services) throws IOException {
    Files.createDirectories(mesh.resolve(CLUSTER));
    Files.writeString(
        mesh.resolve("mesh.yaml"),
        "trustDomain: bench.example\nclusters:\n- name: "
            + CLUSTER
            + "\n  network: n1\n  locality: r1/z1\n");
    StringBuilder yaml = new StringBuilder();
    for (int s = 0; s < services; s++) {
      yaml.append("apiVersion: v1\nkind: Service\nmetadata:\n  name: service-")
          .append(s)
          .append("\n  namespace: " + NAMESPACE + "\nspec:\n  clusterIP: 10.96.")
          .append(s / 250 + "." + (s % 250 + 1))
          .append("\n  selector:\n    app: service-")
          .append(s)
          .append("\n  ports:\n  - name: http\n    port: 80\n    targetPort: 8080\n")
          .append("  - name: grpc\n    port: 90\n    targetPort: 9090\n---\n");
    }
    Files.writeString(mesh.resolve(CLUSTER + "/services.yaml"), yaml);
    yaml.setLength(0);
    for (int p = 0; p < pods; p++) {
      yaml.append("apiVersion: v1\nkind: Pod\nmetadata:\n  name: pod-")
          .append(p)
          .append("\n  namespace: " + NAMESPACE + "\n  labels:\n    app: service-")
          .append(p % services)
          .append("\n    security.istio.io/tlsMode: istio\nstatus:\n  podIP: ")
          .append(address(p))
          .append("\n  conditions:\n  - type: Ready\n    status: \"True\"\n---\n");
    }
    Files.writeString(mesh.resolve(CLUSTER + "/pods.yaml"), yaml);
  }
}
