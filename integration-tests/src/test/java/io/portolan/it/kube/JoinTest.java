package io.portolan.it.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.portolan.cli.AdminClient;
import io.portolan.server.PortolanServer;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole cluster joins at once: proxies are not sent it piece by piece. */
class JoinTest {
  private static final int SERVICES = 100;
  private static final int EACH = 5;
  private static final int MOST_PUSHES = 3;

  @TempDir Path home;

  @Test
  void aClusterJoinsInAtMostThreePushesForEachProxy() throws Exception {
    try (TwoClusters clusters = new TwoClusters(home)) {
      ManyServices.create(clusters.two, SERVICES, EACH);
      clusters.backends(clusters.one, "10.71", 1);
      try (PortolanServer server = clusters.portolan(home.resolve("data"), "");
          ModelProxy near = TwoClusters.proxy(server, "one")) {
        near.await(TwoClusters.BACKEND, Duration.ofSeconds(60), hosts -> hosts.size() == 1);
        int before = pushes(server);
        clusters.join("istio-remote-secret-two", clusters.two.adminToken());
        for (int s = 0; s < SERVICES; s++) {
          near.await(
              ManyServices.cluster(s),
              Duration.ofSeconds(60),
              hosts -> hosts.size() == 1 && hosts.getFirst().address().equals("10.72.0.1"));
        }
        assertEquals(new ModelProxy.Sent(0, 0), near.quiet(Duration.ofSeconds(3)));
        int sent = pushes(server) - before;
        assertTrue(sent >= 1 && sent <= MOST_PUSHES, sent + " pushes");
      }
    }
  }

  private static int pushes(PortolanServer server) throws Exception {
    String admin = "127.0.0.1:" + server.adminAddress().getPort();
    JsonNode page = new AdminClient(admin).json("/debug/proxies");
    return page.findValue("pushes").asInt();
  }
}
