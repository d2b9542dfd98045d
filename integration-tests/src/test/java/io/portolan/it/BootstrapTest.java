package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import io.portolan.cli.AdminClient;
import io.portolan.cli.Main;
import io.portolan.server.PortolanServer;
import io.portolan.server.ServerSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stock Envoy, attached by hand with what {@code portolan bootstrap} makes, serves a request. */
class BootstrapTest {
  private static final String BACKEND = "127.71.0.11";
  private static final String CLIENT = "127.71.0.100";
  private static final String APP = "127.171.0.11";

  @TempDir Path directory;
  private final List<AutoCloseable> running = new ArrayList<>();

  @AfterEach
  void end() throws Exception {
    for (AutoCloseable each : running.reversed()) {
      each.close();
    }
  }

  @Test
  void aStockEnvoyJoinsAndServes() throws Exception {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    Path data = directory.resolve("data");
    PortolanServer server =
        PortolanServer.start(
            new ServerSettings(
                Workspace.root().resolve("deploy/labs/active-active/mesh"),
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
    HttpServer app = HttpServer.create(new InetSocketAddress(APP, 9081), 16);
    app.createContext(
        "/",
        exchange -> {
          byte[] body =
              String.valueOf(exchange.getRequestHeaders().getFirst("x-forwarded-client-cert"))
                  .getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    app.start();
    running.add(() -> app.stop(0));
    String xds = "127.0.0.1:" + server.xdsAddress().getPort();
    envoy(data, xds, "backend", "backend-1", BACKEND, "delta");
    envoy(data, xds, "client", "client-east", CLIENT, "sotw");

    String answer = request();
    assertTrue(answer.startsWith("HTTP/1.1 200"), answer);
    assertTrue(answer.contains("URI=spiffe://lab.portolan.example/ns/demo/sa/client"), answer);
    String stats = new AdminClient(CLIENT + ":15000").text("/stats?filter=update_rejected").body();
    for (String line : stats.strip().split("\n")) {
      assertTrue(line.endsWith(": 0"), line);
    }
  }

  private void envoy(
      Path data, String xds, String account, String name, String address, String protocol)
      throws Exception {
    Path home = directory.resolve(name);
    int code =
        Main.commandLine()
            .execute(
                "bootstrap",
                "--dir",
                home.toString(),
                "--data",
                data.toString(),
                "--cluster",
                "east",
                "--namespace",
                "demo",
                "--service-account",
                account,
                "--name",
                name,
                "--address",
                address,
                "--app-address",
                APP,
                "--xds-address",
                xds,
                "--admin-address",
                address + ":15000",
                "--protocol",
                protocol);
    assertEquals(0, code);
    Process process =
        new ProcessBuilder(
                Workspace.envoy().toString(),
                "-c",
                home.resolve("envoy.yaml").toString(),
                "--disable-hot-restart",
                "--concurrency",
                "1")
            .redirectErrorStream(true)
            .redirectOutput(Workspace.target().resolve("envoy-" + name + ".log").toFile())
            .start();
    running.add(
        () -> {
          process.destroyForcibly();
          assertTrue(process.waitFor(10, TimeUnit.SECONDS));
        });
  }

  /** Asks until there is an answer of the workload; gives the last answer after 30 s. */
  private static String request() {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    String last = "";
    while (System.nanoTime() < end) {
      try (Socket socket = new Socket(CLIENT, 8081)) {
        socket.setSoTimeout(10_000);
        socket
            .getOutputStream()
            .write(
                ("GET / HTTP/1.1\r\nHost: backend.demo.svc.cluster.local\r\nConnection: close\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
        last = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (last.startsWith("HTTP/1.1 200")) {
          return last;
        }
      } catch (IOException e) {
        last = e.toString();
      }
      LockSupport.parkNanos(100_000_000);
    }
    return last;
  }
}
