package io.portolan.it.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code portolan cluster add|list|check|remove} against real API servers. */
class ClusterCommandsTest {
  private static final String SECRET = "istio-remote-secret-two";

  @TempDir static Path home;
  private static TwoClusters clusters;
  private static ServerSocket gateway;
  private static final ExecutorService THREADS = Executors.newVirtualThreadPerTaskExecutor();

  @BeforeAll
  static void start() throws IOException {
    clusters = new TwoClusters(home);
    gateway = new ServerSocket(0, 16, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
    THREADS.execute(ClusterCommandsTest::serveGateway);
  }

  /** A gateway that does not know the name of a hello closes it. */
  private static void serveGateway() {
    while (!gateway.isClosed()) {
      try (var socket = gateway.accept()) {
        socket.getInputStream().read();
      } catch (IOException e) {
        // The next one, until the end.
      }
    }
  }

  @AfterAll
  static void stop() throws IOException {
    gateway.close();
    THREADS.shutdownNow();
    clusters.close();
  }

  @BeforeEach
  void anew() throws IOException {
    Kubernetes.kubectl(clusters.one, "", "delete", "secrets", "-n", "istio-system", "--all");
    Kubernetes.kubectl(
        clusters.two,
        "",
        "delete",
        "-n",
        "istio-system",
        "--ignore-not-found",
        "serviceaccount/portolan-reader");
    Kubernetes.kubectl(
        clusters.two,
        "",
        "delete",
        "--ignore-not-found",
        "clusterrole/portolan-reader",
        "clusterrolebinding/portolan-reader");
    Kubernetes.kubectl(
        clusters.two,
        "",
        "label",
        "--overwrite",
        "namespace",
        "istio-system",
        "topology.istio.io/network=net-two");
    gatewayAt("127.0.0.1", gateway.getLocalPort());
  }

  private static void gatewayAt(String address, int port) throws IOException {
    Kubernetes.apply(
        clusters.two,
        """
        apiVersion: v1
        kind: Service
        metadata:
          name: eastwest
          namespace: istio-system
          labels: {topology.istio.io/network: net-two, networking.istio.io/gatewayPort: "%1$d"}
        spec:
          type: LoadBalancer
          ports: [{name: mesh, port: %1$d}]
        """
            .formatted(port));
    Kubernetes.kubectl(
        clusters.two,
        "",
        "patch",
        "service",
        "-n",
        "istio-system",
        "eastwest",
        "--subresource=status",
        "-p",
        "{\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"" + address + "\"}]}}}");
  }

  /** A cluster command against the config cluster {@code one}. */
  private static Command cluster(String verb, String... arguments) {
    List<String> all = new ArrayList<>(List.of("cluster", verb));
    all.addAll(List.of(arguments));
    all.add("--config-kubeconfig");
    all.add(clusters.one.kubeconfig().toString());
    return Command.run(all.toArray(String[]::new));
  }

  private static Command add(String... more) {
    List<String> all =
        new ArrayList<>(List.of("two", "--kubeconfig", clusters.two.kubeconfig().toString()));
    all.addAll(List.of(more));
    return cluster("add", all.toArray(String[]::new));
  }

  private static Command check(String kubeconfig) throws IOException {
    Path file = Files.writeString(Files.createTempFile(home, "check", ".kubeconfig"), kubeconfig);
    return Command.run("cluster", "check", "--kubeconfig", file.toString());
  }

  private static String two(String... arguments) throws IOException {
    return Kubernetes.kubectl(clusters.two, "", arguments).strip();
  }

  private static String one(String... arguments) throws IOException {
    return Kubernetes.kubectl(clusters.one, "", arguments).strip();
  }

  private static void says(Command command, int code, String... parts) {
    String all = command.out() + command.err();
    assertEquals(code, command.code(), all);
    for (String part : parts) {
      assertTrue(all.contains(part), () -> "expected: " + part + "\n" + all);
    }
  }

  private static JsonNode json(Command command) throws IOException {
    return new ObjectMapper().readTree(command.out());
  }

  @Test
  void aClusterIsAddedListedCheckedAndRemoved() throws Exception {
    says(
        cluster("list"),
        0,
        "no clusters: namespace istio-system has no Secret with the label istio/multiCluster=true");
    says(
        add(),
        0,
        "remote cluster: service account istio-system/portolan-reader",
        "token: without an end; deleting secret portolan-reader-token there revokes it",
        "config cluster: secret istio-system/" + SECRET,
        "next: portolan cluster check two");
    assertEquals(
        "true two",
        one(
            "get",
            "secret",
            "-n",
            "istio-system",
            SECRET,
            "-o",
            "jsonpath={.metadata.labels.istio/multiCluster} {.metadata.annotations.networking\\.istio\\.io/cluster}"));
    Path reader = reader();
    says(
        cluster("check", "two"),
        0,
        "cluster two",
        "the credential may not read Secrets",
        "closed the hello",
        "the server's clock is right");
    says(cluster("list"), 0, "two", "https://127.0.0.1:" + clusters.two.port(), "never");
    // What the doctor says of rights is what the API server does.
    assertTrue(as(reader, "get", "pods", "-A").contains("No resources"), "may list pods");
    assertTrue(as(reader, "get", "secrets", "-A").contains("forbidden"));
    assertTrue(as(reader, "create", "namespace", "x").contains("forbidden"));

    says(add(), 0, "token: without an end"); // Again: nothing breaks, the Secret is the same.
    says(cluster("remove", "two"), 0, "config cluster: secret istio-system/" + SECRET + " deleted");
    assertTrue(two("get", "clusterrole", "-o", "name").contains("portolan-reader"));
    says(
        cluster("remove", "two"),
        1,
        "portolan: no remote secret in namespace istio-system names cluster two",
        "remedy: 'portolan cluster list'");
  }

  private static Path reader() throws IOException {
    String encoded =
        one("get", "secret", "-n", "istio-system", SECRET, "-o", "jsonpath={.data.two}");
    return Files.write(
        Files.createTempFile(home, "reader", ".kubeconfig"), Base64.getDecoder().decode(encoded));
  }

  /** What kubectl says with that kubeconfig, also when it fails. */
  private static String as(Path kubeconfig, String... arguments) {
    List<String> all = new ArrayList<>(List.of("--kubeconfig=" + kubeconfig));
    all.addAll(List.of(arguments));
    try {
      return Kubernetes.kubectl(clusters.two, "", all.toArray(String[]::new));
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  @Test
  void removingWithTheRightToItTakesTheAccountAwayToo() throws Exception {
    says(add(), 0);
    says(add("--rotate"), 0, "still valid there: portolan-reader-token");
    Path reader = reader();
    Command removed =
        cluster(
            "remove",
            "two",
            "--kubeconfig",
            clusters.two.kubeconfig().toString(),
            "--output",
            "json");
    assertEquals(0, removed.code(), removed.err());
    assertEquals("two", json(removed).path("cluster").asText());
    String changed = json(removed).path("changed").toString();
    for (String part :
        List.of(
            "config cluster: secret istio-system/" + SECRET + " deleted",
            "remote cluster: cluster role binding portolan-reader deleted",
            "remote cluster: cluster role portolan-reader deleted",
            "remote cluster: secret istio-system/portolan-reader-token deleted",
            "remote cluster: service account istio-system/portolan-reader deleted")) {
      assertTrue(changed.contains(part), changed);
    }
    assertFalse(two("get", "clusterrole,clusterrolebinding", "-o", "name").contains("portolan"));
    assertFalse(two("get", "secrets,sa", "-n", "istio-system", "-o", "name").contains("portolan"));
    assertTrue(
        as(reader, "get", "pods", "-A").contains("Unauthorized")
            || as(reader, "get", "pods", "-A").contains("must be logged in"),
        as(reader, "get", "pods", "-A"));
    says(
        cluster("remove", "two", "--kubeconfig", home.resolve("absent").toString()),
        1,
        "absent: there is no such kubeconfig");
  }

  @Test
  void addPrintsRotatesAndAsksForAnEnd() throws Exception {
    Command printed = add("--print");
    says(
        printed, 0, "kind: \"Secret\"", "istio/multiCluster: \"true\"", "name: \"" + SECRET + "\"");
    assertFalse(one("get", "secrets", "-n", "istio-system", "-o", "name").contains(SECRET));
    Kubernetes.apply(clusters.one, printed.out());
    says(cluster("check", "two"), 0);

    Command ending = add("--token-lifetime", "2h", "--output", "json");
    assertEquals(0, ending.code(), ending.err());
    assertEquals("PT2H", json(ending).path("tokenLifetime").asText());
    assertEquals("istio-system/" + SECRET, json(ending).path("secret").asText());
    assertEquals("istio-system/portolan-reader", json(ending).path("account").asText());
    says(
        cluster("check", "two"), 0, "warn  credential", "remedy: run 'portolan cluster add' again");
    JsonNode row = json(cluster("list", "--output", "json")).path(0);
    assertEquals("two", row.path("cluster").asText());
    assertEquals("token", row.path("credential").asText());
    assertFalse(row.path("expires").asText().equals("never"));
    assertEquals("-", row.path("phase").asText());
    assertEquals(0, row.path("problems").size());
  }

  @Test
  void whatCannotBeAddedIsSaid() throws Exception {
    says(cluster("add", "Two!", "--kubeconfig", "x"), 2, "cluster id 'Two!'", "lower-case letters");
    says(cluster("add", "two"), 2, "--kubeconfig");
    says(
        cluster("add", "two", "--kubeconfig", home.resolve("nowhere").toString()),
        1,
        "nowhere: there is no such kubeconfig");
    Path exec =
        Files.writeString(
            home.resolve("exec.kubeconfig"),
            """
            clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
            users: [{name: u, user: {exec: {command: login, apiVersion: client.authentication.k8s.io/v1}}}]
            contexts: [{name: x, context: {cluster: c, user: u}}]
            current-context: x
            """);
    says(
        cluster("add", "two", "--kubeconfig", exec.toString()),
        1,
        "cannot be used",
        "kubectl -n kube-system create token portolan-setup");
    Path wrong =
        Files.writeString(
            home.resolve("wrong.kubeconfig"), clusters.two.kubeconfig(clusters.two.url(), "wrong"));
    says(
        cluster("add", "two", "--kubeconfig", wrong.toString()),
        1,
        "remote cluster " + clusters.two.url(),
        "namespace istio-system: the API server does not accept the credential (401)");
    one("create", "secret", "generic", "-n", "istio-system", SECRET);
    says(add(), 1, "secret istio-system/" + SECRET + " exists and is no remote secret");
    says(
        add("--root-namespace", "mesh-root"),
        1,
        "config cluster " + clusters.one.url(),
        "namespaces \"mesh-root\" not found",
        "remedy: kubectl create namespace mesh-root");
    two("delete", "namespace", "mesh-root", "--wait=false");
  }

  @Test
  void theDoctorFindsWhatIsWrong() throws Exception {
    says(
        check(clusters.two.kubeconfig("https://127.0.0.1:1", "x")),
        1,
        "ERROR reachable",
        "no TCP connection",
        "remedy: check the address");
    says(
        check(clusters.two.kubeconfig(clusters.two.url(), "wrong")),
        1,
        "ERROR reachable",
        "does not accept the credential (401)",
        "ok    clock              the server's clock is right",
        "-     permissions        not looked at, see 'reachable'",
        "remedy: make a new credential with 'portolan cluster add'");
    says(
        check(clusters.one.kubeconfig(clusters.two.url(), clusters.two.adminToken())),
        1,
        "ERROR reachable",
        "TLS: ",
        "certificate-authority-data");
    two("create", "serviceaccount", "-n", "demo", "nobody");
    says(
        check(
            clusters.two.kubeconfig(
                clusters.two.url(), two("create", "token", "-n", "demo", "nobody"))),
        1,
        "ERROR permissions",
        "not allowed: create tokenreviews.authentication.k8s.io, list endpointslices",
        "bind the role portolan-reader",
        "network");
    two("delete", "serviceaccount", "-n", "demo", "nobody");
    says(
        check(clusters.two.kubeconfig(clusters.two.url(), clusters.two.adminToken())),
        0,
        "warn  secrets",
        "may read every Secret");
  }

  @Test
  void theDoctorFindsWhatIsWrongWithTheMesh() throws Exception {
    says(add(), 0);
    two("label", "namespace", "istio-system", "topology.istio.io/network-");
    says(
        cluster("check"),
        0,
        "warn  network",
        "remedy: kubectl label namespace istio-system topology.istio.io/network=<network>");
    two("label", "namespace", "istio-system", "topology.istio.io/network=other");
    says(
        cluster("check"),
        0,
        "warn  gateway",
        "istio-system/eastwest serves network net-two, the cluster is in other");
    int closed;
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = taken.getLocalPort();
    }
    gatewayAt("127.0.0.1", closed);
    says(
        cluster("check"),
        1,
        "ERROR gateway",
        "istio-system/eastwest 127.0.0.1:" + closed + ": no TCP connection",
        "remedy: check the gateway's pods");
    JsonNode findings = json(cluster("check", "--output", "json")).path(0);
    assertEquals("two", findings.path("cluster").asText());
    boolean error = false;
    for (JsonNode finding : findings.path("findings")) {
      assertTrue(
          List.of("ok", "warning", "error", "skipped").contains(finding.path("severity").asText()));
      assertFalse(finding.path("check").asText().isEmpty());
      assertFalse(finding.path("text").asText().isEmpty());
      if (finding.path("severity").asText().equals("error")) {
        error = true;
        assertEquals("gateway", finding.path("check").asText());
        assertFalse(finding.path("remedy").asText().isEmpty());
      }
    }
    assertTrue(error);
    says(
        cluster("check", "nine"),
        1,
        "no remote secret names this cluster",
        "remedy: portolan cluster add nine --kubeconfig FILE");
  }

  @Test
  void rivalsAndRefusedKubeconfigsAreListedWithTheReason() throws Exception {
    says(add(), 0);
    clusters.join("zz-second", "other");
    says(cluster("list"), 1, "zz-second");
    says(
        cluster("check"),
        1,
        "cluster two (secret istio-system/zz-second)",
        "ERROR member             is claimed by secret istio-system/" + SECRET + " already");
    one("delete", "secret", "-n", "istio-system", "zz-second");
    String exec =
        """
        clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
        users: [{name: u, user: {exec: {command: login, apiVersion: client.authentication.k8s.io/v1}}}]
        contexts: [{name: x, context: {cluster: c, user: u}}]
        current-context: x
        """;
    clusters.joinBy("istio-remote-secret-two", exec);
    says(cluster("list"), 1, "runs no programs");
    says(
        cluster("check"),
        1,
        "ERROR kubeconfig",
        "portolan cluster add two writes one that is good");
    Kubernetes.apply(
        clusters.one,
        """
        apiVersion: v1
        kind: Secret
        metadata: {name: istio-remote-secret-two, namespace: istio-system, labels: {istio/multiCluster: "true"}}
        data: {two: %1$s, three: %1$s}
        """
            .formatted(Base64.getEncoder().encodeToString(exec.getBytes(StandardCharsets.UTF_8))));
    says(
        cluster("remove", "three"),
        0,
        "config cluster: key three removed from secret istio-system/" + SECRET);
    assertTrue(one("get", "secrets", "-n", "istio-system", "-o", "name").contains(SECRET));
  }
}
