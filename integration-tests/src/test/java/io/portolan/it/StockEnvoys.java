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
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/** A control plane over a mesh written in a test, stock Envoys that join it, and applications. */
final class StockEnvoys implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 60;

  private final Path directory;
  private final PortolanServer server;
  private final List<AutoCloseable> running = new ArrayList<>();

  /**
   * @param files the mesh directory: content by relative path
   */
  StockEnvoys(Path directory, Map<String, String> files) throws IOException {
    this.directory = directory;
    Path mesh = directory.resolve("mesh");
    for (var file : files.entrySet()) {
      Path path = mesh.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    server =
        PortolanServer.start(
            new ServerSettings(
                mesh,
                directory.resolve("data"),
                null,
                any,
                null,
                any,
                Duration.ofHours(24),
                List.of(),
                Duration.ZERO,
                null));
    running.add(server);
  }

  /** An application that answers every request with a text. */
  void app(String address, int port, String text) throws IOException {
    HttpServer app = HttpServer.create(new InetSocketAddress(address, port), 64);
    app.createContext(
        "/",
        exchange -> {
          byte[] body = text.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    app.start();
    running.add(() -> app.stop(0));
  }

  /** An Envoy with further options of {@code portolan bootstrap}. */
  void envoy(String cluster, String namespace, String name, String address, String... more)
      throws Exception {
    Path home = directory.resolve("envoy-" + name);
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "bootstrap",
                "--dir",
                home.toString(),
                "--data",
                directory.resolve("data").toString(),
                "--cluster",
                cluster,
                "--namespace",
                namespace,
                "--service-account",
                name,
                "--name",
                name,
                "--address",
                address,
                "--xds-address",
                "127.0.0.1:" + server.xdsAddress().getPort()));
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
            .redirectOutput(Workspace.target().resolve("envoy-stock-" + name + ".log").toFile())
            .start();
    running.add(
        () -> {
          process.destroyForcibly();
          assertTrue(process.waitFor(10, TimeUnit.SECONDS));
        });
  }

  /** Asks until the answer is as wanted; gives the last answer after a minute. */
  static String eventually(String address, int port, String host, Predicate<String> wanted) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    String last = "";
    while (System.nanoTime() < end) {
      try {
        last = body(address, port, host);
        if (wanted.test(last)) {
          return last;
        }
      } catch (IOException e) {
        last = e.toString();
      }
      LockSupport.parkNanos(100_000_000);
    }
    return last;
  }

  /** The body of an answer 200, else the whole answer. */
  static String body(String address, int port, String host) throws IOException {
    try (Socket socket = new Socket(address, port)) {
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

  @Override
  public void close() throws Exception {
    for (AutoCloseable each : running.reversed()) {
      each.close();
    }
  }
}
