package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.cli.AdminClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stock Envoy, attached by hand with what {@code portolan bootstrap} makes, serves a request. */
class BootstrapTest {
  private static final String BACKEND = "127.71.0.11";
  private static final String CLIENT = "127.71.0.100";
  private static final String APP = "127.171.0.11";
  private static final String HOST = "backend.demo.svc.cluster.local";

  @TempDir Path directory;

  /** The client names a replica first that is not there: it goes on to the next one. */
  @Test
  void aStockEnvoyJoinsAndServes() throws Exception {
    Path mesh = Workspace.root().resolve("deploy/labs/active-active/mesh");
    try (AttachedEnvoys attached = new AttachedEnvoys(directory, mesh)) {
      attached.app(
          APP,
          9081,
          exchange ->
              String.valueOf(exchange.getRequestHeaders().getFirst("x-forwarded-client-cert")));
      attached.envoy(
          "east",
          "demo",
          "backend",
          "backend-1",
          BACKEND,
          "--app-address",
          APP,
          "--protocol",
          "delta");
      attached.envoy(
          "east",
          "demo",
          "client",
          "client-east",
          CLIENT,
          "--app-address",
          APP,
          "--protocol",
          "sotw",
          "--xds-address",
          nobody() + "," + attached.xds());

      String answer =
          AttachedEnvoys.eventually(CLIENT, 8081, HOST, a -> a.startsWith("HTTP/1.1 200"));
      assertTrue(answer.startsWith("HTTP/1.1 200"), answer);
      assertTrue(answer.contains("URI=spiffe://lab.portolan.example/ns/demo/sa/client"), answer);
      String stats =
          new AdminClient(CLIENT + ":15000").text("/stats?filter=update_rejected").body();
      for (String line : stats.strip().split("\n")) {
        assertTrue(line.endsWith(": 0"), line);
      }
    }
  }

  /** An address that refuses. */
  private static String nobody() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return "127.0.0.1:" + taken.getLocalPort();
    }
  }
}
