package io.portolan.registry.source.kubernetes.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.portolan.registry.source.kubernetes.TestTls;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubernetesClientsTest {
  private final KubernetesClients clients =
      new KubernetesClients(ClientSettings.of("1.2.3"), InstantSource.system());
  private final List<String> seen = new CopyOnWriteArrayList<>();
  private HttpsServer server;

  @BeforeEach
  void start() throws Exception {
    server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    server.setHttpsConfigurator(new HttpsConfigurator(TestTls.context()));
    server.createContext(
        "/",
        exchange -> {
          var headers = exchange.getRequestHeaders();
          seen.add(
              exchange.getRequestURI().getPath()
                  + " "
                  + headers.getFirst("Authorization")
                  + " "
                  + headers.getFirst("User-Agent"));
          byte[] body = "{\"major\":\"1\",\"minor\":\"36\",\"gitVersion\":\"v1.36.3\"}".getBytes();
          if (exchange.getRequestURI().getPath().startsWith("/moved")) {
            exchange.getResponseHeaders().set("Location", "https://169.254.169.254/");
            exchange.sendResponseHeaders(302, -1);
            return;
          }
          exchange.getResponseHeaders().set("Content-Type", "application/json");
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private Kubeconfig kubeconfig(String clusterFields, String user) {
    String text =
        """
        clusters: [{name: c, cluster: {server: "https://localhost:%d", certificate-authority-data: %s%s}}]
        users: [{name: u, user: %s}]
        contexts: [{name: x, context: {cluster: c, user: u}}]
        """
            .formatted(
                server.getAddress().getPort(),
                Base64.getEncoder()
                    .encodeToString(TestTls.pem("ca.pem").getBytes(StandardCharsets.US_ASCII)),
                clusterFields,
                user);
    var parsed = KubeconfigParser.parse(text, KubeconfigRules.file(Path.of("/x/y")));
    return assertInstanceOf(KubeconfigParser.Usable.class, parsed, parsed::toString).config();
  }

  private String version(Kubeconfig kubeconfig) throws Exception {
    try (KubernetesClient client = clients.open(kubeconfig)) {
      return client.getKubernetesVersion().getGitVersion();
    }
  }

  @Test
  void theServerIsCheckedByTheNameThatWasAskedFor() throws Exception {
    Kubeconfig named = kubeconfig(", tls-server-name: api.internal", "{token: t0ken}");
    assertEquals("v1.36.3", version(named));
    assertEquals(List.of("/version Bearer t0ken portolan/1.2.3"), seen);
    var failure = assertThrows(Exception.class, () -> version(kubeconfig("", "{token: t0ken}")));
    assertTrue(ClientFailures.reason(failure).startsWith("TLS: "), ClientFailures.reason(failure));
    var other =
        assertThrows(
            Exception.class,
            () -> version(kubeconfig(", tls-server-name: other.internal", "{token: t0ken}")));
    assertTrue(ClientFailures.reason(other).contains("other.internal"));
    assertEquals(1, seen.size(), "no credential goes to a server that is not the right one");
  }

  @Test
  void nothingOfTheEnvironmentLeaksIn() throws Exception {
    System.setProperty("kubernetes.auth.token", "leaked");
    System.setProperty("kubernetes.namespace", "leaked");
    try (KubernetesClient client =
        clients.open(kubeconfig(", tls-server-name: api.internal", "{username: u, password: p}"))) {
      assertEquals("default", client.getNamespace());
      assertEquals("v1.36.3", client.getKubernetesVersion().getGitVersion());
    } finally {
      System.clearProperty("kubernetes.auth.token");
      System.clearProperty("kubernetes.namespace");
    }
    assertEquals(List.of("/version Basic dTpw portolan/1.2.3"), seen);
  }

  @Test
  void aRotatedTokenFileIsUsed(@TempDir Path folder) throws Exception {
    Path token = Files.writeString(folder.resolve("token"), "one");
    Kubeconfig config = kubeconfig(", tls-server-name: api.internal", "{tokenFile: " + token + "}");
    assertEquals("v1.36.3", version(config));
    Files.writeString(token, "two");
    assertEquals("v1.36.3", version(config));
    assertEquals("/version Bearer two portolan/1.2.3", seen.getLast());
  }

  @Test
  void redirectsAreNotFollowed() throws Exception {
    try (KubernetesClient client =
        clients.open(kubeconfig(", tls-server-name: api.internal", "{token: t}"))) {
      assertThrows(Exception.class, () -> client.raw("/moved"));
    }
    assertEquals(1, seen.size());
  }

  @Test
  void keysOfEveryForm() throws Exception {
    assertEquals("EC", PemKeys.privateKey(TestTls.pem("sec1.key")).getAlgorithm());
    assertEquals("EC", PemKeys.privateKey(TestTls.pem("sec1-384.key")).getAlgorithm());
    assertEquals("EC", PemKeys.privateKey(TestTls.pem("server.key")).getAlgorithm());
    assertEquals("RSA", PemKeys.privateKey(TestTls.pem("pkcs1.key")).getAlgorithm());
    assertEquals("EdDSA", PemKeys.privateKey(TestTls.pem("ed25519.key")).getAlgorithm());
    String certificate = encode(TestTls.pem("client.pem"));
    String key = encode(TestTls.pem("sec1.key"));
    Kubeconfig config =
        kubeconfig(
            ", tls-server-name: api.internal",
            "{client-certificate-data: " + certificate + ", client-key-data: " + key + "}");
    assertEquals("v1.36.3", version(config));
    assertEquals(List.of("/version null portolan/1.2.3"), seen);
  }

  private static String encode(String pem) {
    return Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII));
  }

  /** Clients come and go with every rotation. */
  @Test
  void closedClientsLeaveNoThreads() throws Exception {
    Kubeconfig config = kubeconfig(", tls-server-name: api.internal", "{token: t}");
    assertEquals("v1.36.3", version(config));
    List<String> before = clientThreads();
    for (int i = 0; i < 30; i++) {
      assertEquals("v1.36.3", version(config));
    }
    List<String> after = clientThreads();
    assertTrue(after.size() - before.size() <= 5, after + ", before " + before);
  }

  private static List<String> clientThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(Thread::isAlive)
        .map(Thread::getName)
        .filter(name -> name.startsWith("HttpClient") || name.startsWith("fabric8"))
        .sorted()
        .toList();
  }
}
