package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import io.portolan.cli.Main;
import io.portolan.server.PortolanServer;
import io.portolan.server.ServerSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A client of one network reaches each pod of a StatefulSet in another by the pod's own name: its
 * SNI leads through the east-west gateway. Real Envoys on both sides and between.
 */
class HeadlessPodTest {
  private static final String CLIENT = "127.75.1.100";
  private static final String GATEWAY = "127.75.2.250";
  private static final String PODS = "127.75.2.1";
  private static final String APPS = "127.175.2.1";
  private static final int CALLS = 20;

  private static final String MESH =
      """
      trustDomain: pods.example
      clusters:
      - {name: east, network: net-east, locality: r1/z1}
      - {name: west, network: net-west, locality: r2/z1}
      networks:
        net-west:
          gateways: [{address: 127.75.2.250, port: 15443}]
      """;
  private static final String DB =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: db, namespace: demo}
      spec:
        clusterIP: None
        selector: {app: db}
        ports:
        - {name: http, port: 8082, targetPort: 9082}
      ---
      """;
  private static final String PASSTHROUGH =
      """
      apiVersion: networking.istio.io/v1
      kind: Gateway
      metadata: {name: cross-network, namespace: istio-system}
      spec:
        selector: {istio: eastwestgateway}
        servers:
        - port: {number: 15443, name: tls, protocol: TLS}
          tls: {mode: AUTO_PASSTHROUGH}
          hosts: ["*.local"]
      """;

  @TempDir Path directory;
  private final List<AutoCloseable> running = new ArrayList<>();

  @AfterEach
  void end() throws Exception {
    for (AutoCloseable each : running.reversed()) {
      each.close();
    }
  }

  @Test
  void eachPodIsReachedByItsName() throws Exception {
    Path mesh = directory.resolve("mesh");
    Files.createDirectories(mesh.resolve("east"));
    Files.createDirectories(mesh.resolve("west"));
    Files.writeString(mesh.resolve("mesh.yaml"), MESH);
    Files.writeString(mesh.resolve("east/all.yaml"), DB);
    Files.writeString(mesh.resolve("west/all.yaml"), DB + pod(0) + pod(1) + PASSTHROUGH);
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    Path data = directory.resolve("data");
    PortolanServer server =
        PortolanServer.start(
            new ServerSettings(
                mesh,
                data,
                null,
                any,
                null,
                any,
                Duration.ofHours(24),
                List.of(),
                Duration.ZERO,
                null));
    running.add(server);
    String xds = "127.0.0.1:" + server.xdsAddress().getPort();
    for (int pod = 0; pod < 2; pod++) {
      app(pod);
      envoy(data, xds, "west", "demo", "db-" + pod, PODS + pod, "--app-address", APPS + pod);
    }
    envoy(
        data,
        xds,
        "west",
        "istio-system",
        "gateway",
        GATEWAY,
        "--role",
        "router",
        "--labels",
        "istio=eastwestgateway");
    envoy(data, xds, "east", "demo", "client", CLIENT);

    for (int pod = 0; pod < 2; pod++) {
      String host = "db-" + pod + ".db.demo.svc.cluster.local";
      assertEquals("db-" + pod, eventually(host), host);
      for (int call = 0; call < CALLS; call++) {
        assertEquals("db-" + pod, body(host), host);
      }
    }
    assertTrue(eventually("db.demo").startsWith("db-"), "the service as a whole");
  }

  private static String pod(int number) {
    return """
        apiVersion: v1
        kind: Pod
        metadata:
          name: db-%d
          namespace: demo
          labels: {app: db, security.istio.io/tlsMode: istio}
        spec: {serviceAccountName: db, hostname: db-%d, subdomain: db}
        status: {podIP: %s}
        ---
        """
        .formatted(number, number, PODS + number);
  }

  private void app(int pod) throws IOException {
    HttpServer app = HttpServer.create(new InetSocketAddress(APPS + pod, 9082), 16);
    app.createContext(
        "/",
        exchange -> {
          byte[] body = ("db-" + pod).getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    app.start();
    running.add(() -> app.stop(0));
  }

  private void envoy(
      Path data,
      String xds,
      String cluster,
      String namespace,
      String name,
      String address,
      String... more)
      throws Exception {
    Path home = directory.resolve("envoy-" + name);
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "bootstrap",
                "--dir",
                home.toString(),
                "--data",
                data.toString(),
                "--cluster",
                cluster,
                "--namespace",
                namespace,
                "--service-account",
                name.startsWith("db") ? "db" : name,
                "--name",
                name,
                "--address",
                address,
                "--xds-address",
                xds,
                "--admin-address",
                address + ":15000"));
    arguments.addAll(List.of(more));
    assertEquals(0, Main.commandLine().execute(arguments.toArray(String[]::new)));
    Process process =
        new ProcessBuilder(
                Workspace.envoy().toString(),
                "-c",
                home.resolve("envoy.yaml").toString(),
                "--disable-hot-restart",
                "--concurrency",
                "1")
            .redirectErrorStream(true)
            .redirectOutput(Workspace.target().resolve("envoy-pod-" + name + ".log").toFile())
            .start();
    running.add(
        () -> {
          process.destroyForcibly();
          assertTrue(process.waitFor(10, TimeUnit.SECONDS));
        });
  }

  /** Asks until there is an answer of a workload; gives the last answer after 40 s. */
  private static String eventually(String host) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
    String last = "";
    while (System.nanoTime() < end) {
      try {
        last = body(host);
        if (last.startsWith("db-")) {
          return last;
        }
      } catch (IOException e) {
        last = e.toString();
      }
      LockSupport.parkNanos(100_000_000);
    }
    return last;
  }

  private static String body(String host) throws IOException {
    try (Socket socket = new Socket(CLIENT, 8082)) {
      socket.setSoTimeout(10_000);
      socket
          .getOutputStream()
          .write(
              ("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return all.startsWith("HTTP/1.1 200") ? all.substring(all.indexOf("\r\n\r\n") + 4) : all;
    }
  }
}
