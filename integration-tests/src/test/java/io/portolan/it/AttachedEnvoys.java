package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
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
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * A control plane over a mesh directory, and stock Envoys attached to it with what {@code portolan
 * bootstrap} makes. Ends what it started.
 */
final class AttachedEnvoys implements AutoCloseable {
  private final Path home;
  private final Path data;
  private final PortolanServer server;
  private final List<AutoCloseable> running = new ArrayList<>();

  /**
   * @param home a directory of its own
   * @param mesh the mesh directory
   */
  AttachedEnvoys(Path home, Path mesh) throws IOException {
    this.home = home;
    this.data = home.resolve("data");
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    this.server =
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
  }

  /**
   * Writes a mesh directory.
   *
   * @param files content by relative path
   */
  static Path written(Path mesh, Map<String, String> files) throws IOException {
    for (var file : files.entrySet()) {
      Path path = mesh.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
    return mesh;
  }

  /** The control plane's address. */
  String xds() {
    return "127.0.0.1:" + server.xdsAddress().getPort();
  }

  /** A workload that answers every request with a text. */
  void app(String address, int port, Function<HttpExchange, String> answer) throws IOException {
    HttpServer app = HttpServer.create(new InetSocketAddress(address, port), 16);
    app.createContext(
        "/",
        exchange -> {
          byte[] body = answer.apply(exchange).getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    app.start();
    running.add(() -> app.stop(0));
  }

  /**
   * Starts an Envoy whose admin page is on port 15000 of its address, where the options do not say
   * otherwise.
   *
   * @param more options of {@code portolan bootstrap}
   */
  void envoy(
      String cluster, String namespace, String account, String name, String address, String... more)
      throws IOException {
    Path directory = home.resolve("envoy-" + name);
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "bootstrap",
                "--dir",
                directory.toString(),
                "--data",
                data.toString(),
                "--cluster",
                cluster,
                "--namespace",
                namespace,
                "--service-account",
                account,
                "--name",
                name,
                "--address",
                address));
    arguments.addAll(List.of(more));
    if (!arguments.contains("--admin-address")) {
      arguments.addAll(List.of("--admin-address", address + ":15000"));
    }
    if (!arguments.contains("--xds-address")) {
      arguments.addAll(List.of("--xds-address", xds()));
    }
    assertEquals(0, Main.commandLine().execute(arguments.toArray(String[]::new)));
    Process process =
        new ProcessBuilder(
                Workspace.envoy().toString(),
                "-c",
                directory.resolve("envoy.yaml").toString(),
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

  /** The whole answer to one GET. */
  static String get(String address, int port, String host) throws IOException {
    try (Socket socket = new Socket(address, port)) {
      socket.setSoTimeout(10_000);
      socket
          .getOutputStream()
          .write(
              ("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** The body of an answer of status 200, else the whole answer. */
  static String body(String answer) {
    return answer.startsWith("HTTP/1.1 200")
        ? answer.substring(answer.indexOf("\r\n\r\n") + 4)
        : answer;
  }

  /** Asks until the body is like this; gives the last one after 40 s. */
  static String answer(String address, int port, String host, Predicate<String> wanted) {
    return body(eventually(address, port, host, whole -> wanted.test(body(whole))));
  }

  /** Asks until the answer is like this; gives the last answer after 40 s. */
  static String eventually(String address, int port, String host, Predicate<String> wanted) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
    String last = "";
    while (System.nanoTime() < end) {
      try {
        last = get(address, port, host);
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

  @Override
  public void close() throws Exception {
    for (AutoCloseable each : running.reversed()) {
      each.close();
    }
  }
}
