package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portolan.cli.AdminClient;
import io.portolan.server.PortolanServer;
import io.portolan.server.ServerSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code /debug/versions}: replicas of equal content answer the same for any node. */
class VersionsPageTest {
  private static final String WEB =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: web, namespace: demo}
      spec: {clusterIP: 10.96.0.1, selector: {app: web}, ports: [{name: http, port: 80}]}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: web-1, namespace: demo, labels: {app: web}}
      status: {podIP: %s}
      """;
  private static final String DB =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: db, namespace: demo}
      spec: {clusterIP: 10.96.0.2, selector: {app: db}, ports: [{name: tcp, port: 5432}]}
      """;

  @TempDir Path directory;

  private PortolanServer server(String data) throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return PortolanServer.start(
        new ServerSettings(
            directory.resolve("mesh"),
            directory.resolve(data),
            null,
            any,
            null,
            any,
            Duration.ofHours(24),
            List.of(),
            Duration.ZERO,
            null));
  }

  private static String node(String cluster) {
    return "{\"id\":\"sidecar~10.1.0.9~x.demo~demo.svc.cluster.local\",\"metadata\":{\"CLUSTER_ID\":\""
        + cluster
        + "\",\"NAMESPACE\":\"demo\"}}";
  }

  private static AdminClient.Answer page(PortolanServer server, String node) throws IOException {
    return new AdminClient("127.0.0.1:" + server.adminAddress().getPort())
        .text("/debug/versions?node=" + URLEncoder.encode(node, StandardCharsets.UTF_8));
  }

  /** The page once it is like this; the last one after 20 s. */
  private static JsonNode eventually(PortolanServer server, String node, Predicate<JsonNode> wanted)
      throws IOException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    JsonNode last;
    do {
      last = new ObjectMapper().readTree(page(server, node).body());
      if (wanted.test(last)) {
        return last;
      }
      LockSupport.parkNanos(50_000_000);
    } while (System.nanoTime() < end);
    return last;
  }

  private static TreeSet<String> types(JsonNode page) {
    TreeSet<String> names = new TreeSet<>();
    page.fieldNames().forEachRemaining(names::add);
    return names;
  }

  @Test
  void equalContentHasEqualVersions() throws Exception {
    Path mesh = Files.createDirectories(directory.resolve("mesh/east"));
    Files.createDirectories(directory.resolve("mesh/west"));
    Files.writeString(directory.resolve("mesh/mesh.yaml"), "trustDomain: versions.example\n");
    Files.writeString(mesh.resolve("web.yaml"), WEB.formatted("10.1.0.1"));
    Files.writeString(mesh.resolve("db.yaml"), DB);
    String web = "outbound|80||web.demo.svc.cluster.local";
    try (PortolanServer one = server("one");
        PortolanServer two = server("two")) {
      JsonNode first = eventually(one, node("east"), p -> p.path("EDS").has(web));
      assertEquals(new TreeSet<>(List.of("CDS", "EDS", "LDS", "RDS")), types(first));
      assertEquals(first, eventually(two, node("east"), first::equals), "a replica");
      assertNotEquals(first, eventually(one, node("west"), p -> p.path("CDS").has(web)));

      Files.writeString(mesh.resolve("web.yaml"), WEB.formatted("10.1.0.2"));
      JsonNode next = eventually(one, node("east"), p -> !p.equals(first));
      assertNotEquals(first.path("EDS").path(web), next.path("EDS").path(web));
      for (String type : List.of("CDS", "LDS", "RDS")) {
        assertEquals(first.path(type), next.path(type), "an endpoint changes nothing else");
      }
      assertEquals(next, eventually(two, node("east"), next::equals), "the replica follows");
    }
  }

  @Test
  void aNodeThatIsNoneIsRefusedWithTheReason() throws Exception {
    Files.createDirectories(directory.resolve("mesh"));
    Files.writeString(directory.resolve("mesh/mesh.yaml"), "trustDomain: versions.example\n");
    try (PortolanServer server = server("one")) {
      AdminClient.Answer garbage = page(server, "{");
      assertEquals(404, garbage.status());
      assertTrue(garbage.body().contains("node is not JSON of an xDS node"), garbage.body());
      AdminClient.Answer empty = page(server, "{}");
      assertEquals(404, empty.status());
      assertTrue(empty.body().contains("node"), empty.body());
      assertFalse(empty.body().contains("Exception"), empty.body());
    }
  }
}
