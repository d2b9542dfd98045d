package io.portolan.it.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portolan.ca.store.CaDirectory;
import io.portolan.it.Workspace;
import io.portolan.lab.kubernetes.KubernetesCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two replicas as processes on a real API server: one leads, whatever happens to them. Who wrote
 * what is told by the server's audit log, not by the replicas.
 */
class LeaderTest {
  private static final String ROOTS = "istio-ca-root-cert";

  @TempDir static Path home;
  private static KubernetesCluster cluster;
  private static Path audit;
  private static Path ca;
  private static String pem;

  /** One write of the roots that was stored. */
  private record Written(Instant at, String by, String namespace) {}

  @BeforeAll
  static void start() throws IOException {
    audit = home.resolve("audit.log");
    cluster =
        Kubernetes.start(
            "leader",
            home,
            "--audit-policy-file="
                + Workspace.root()
                    .resolve("integration-tests/src/test/resources/deploy-audit-policy.yaml"),
            "--audit-log-path=" + audit);
    Kubernetes.apply(
        cluster,
        """
        {apiVersion: v1, kind: Namespace, metadata: {name: istio-system}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: demo}}
        ---
        {apiVersion: v1, kind: ServiceAccount, metadata: {name: a, namespace: kube-system}}
        ---
        {apiVersion: v1, kind: ServiceAccount, metadata: {name: b, namespace: kube-system}}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: replicas}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
        subjects:
        - {kind: ServiceAccount, name: a, namespace: kube-system}
        - {kind: ServiceAccount, name: b, namespace: kube-system}
        """);
    Path shared = home.resolve("shared");
    ca = shared.resolve("ca");
    pem =
        new String(
            CaDirectory.open(shared, ca, "cluster.local", Duration.ofHours(24), Clock.systemUTC())
                .trustBundle()
                .pem(),
            java.nio.charset.StandardCharsets.US_ASCII);
  }

  @AfterAll
  static void stop() throws IOException {
    cluster.close();
  }

  private static boolean published(String namespace) {
    try {
      return pem.equals(
          Kubernetes.kubectl(
              cluster,
              "",
              "get",
              "configmap",
              "-n",
              namespace,
              ROOTS,
              "--ignore-not-found",
              "-o",
              "jsonpath={.data.root-cert\\.pem}"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void namespace(String name) throws IOException {
    Kubernetes.apply(cluster, "{apiVersion: v1, kind: Namespace, metadata: {name: " + name + "}}");
  }

  private static JsonNode lease() throws IOException {
    return new ObjectMapper()
        .readTree(
            Kubernetes.kubectl(
                cluster, "", "get", "lease", "-n", "istio-system", "portolan-leader", "-o", "json"))
        .path("spec");
  }

  /** Writes of the roots that were stored, in order. */
  private static List<Written> written() throws IOException {
    List<Written> all = new ArrayList<>();
    for (String line : Files.readAllLines(audit)) {
      JsonNode event = new ObjectMapper().readTree(line);
      JsonNode object = event.path("objectRef");
      if (event.path("stage").asText().equals("ResponseComplete")
          && object.path("resource").asText().equals("configmaps")
          && object.path("name").asText().equals(ROOTS)
          && List.of("create", "update", "patch").contains(event.path("verb").asText())
          && event.path("responseStatus").path("code").asInt() < 300) {
        String user = event.path("user").path("username").asText();
        if (user.startsWith("system:serviceaccount:kube-system:")) {
          all.add(
              new Written(
                  Instant.parse(event.path("requestReceivedTimestamp").asText()),
                  user.substring(user.lastIndexOf(':') + 1),
                  object.path("namespace").asText()));
        }
      }
    }
    all.sort(Comparator.comparing(Written::at));
    return all;
  }

  @Test
  void oneOfTwoWritesThroughFreezesAndKills() throws Exception {
    try (Replica a = Replica.start(cluster, home, "a", ca)) {
      a.await("a leads and publishes", () -> a.leads() && published("demo"));
      assertTrue(published("kube-system"), "as istiod does");
      a.await("all written", () -> a.leader().path("roots").path(0).path("due").asInt(1) == 0);
      try (Replica b = Replica.start(cluster, home, "b", ca)) {
        String first = a.leader().path("leader").asText();
        b.await("b follows", () -> b.leader().path("leader").asText().equals(first));
        assertTrue(first.startsWith("a-"), first);
        assertFalse(b.leads());
        int calm = written().size();

        a.signal("STOP");
        long frozen = System.nanoTime();
        b.await("b takes over", b::leads);
        long took = Duration.ofNanos(System.nanoTime() - frozen).toSeconds();
        System.out.println("took over after a freeze: " + took + " s");
        assertTrue(took <= 20, took + " s, of a lease of 15 s and a pause of 2 s");
        assertEquals(1, lease().path("leaseTransitions").asInt());
        namespace("second");
        b.await("b publishes", () -> published("second"));
        assertEquals(calm + 1, written().size(), "equal content is not written again");

        a.signal("CONT");
        a.await("a follows", () -> a.leader().path("leader").asText().startsWith("b-"));
        assertFalse(a.leads());
        // What somebody breaks is repaired, by the leader.
        Kubernetes.kubectl(
            cluster,
            "",
            "patch",
            "configmap",
            "-n",
            "demo",
            ROOTS,
            "-p",
            "{\"data\":{\"root-cert.pem\":\"other\",\"more\":\"kept\"}}");
        b.await("b repairs", () -> published("demo"));
        assertEquals(
            "kept",
            Kubernetes.kubectl(
                cluster,
                "",
                "get",
                "configmap",
                "-n",
                "demo",
                ROOTS,
                "-o",
                "jsonpath={.data.more}"));
        Kubernetes.kubectl(cluster, "", "delete", "configmap", "-n", "second", ROOTS);
        b.await("b makes it again", () -> published("second"));
        assertTrue(
            b.metrics().contains("portolan_leader{lease=\"istio-system/portolan-leader\"} 1"));

        b.signal("KILL");
        long killed = System.nanoTime();
        a.await("a takes over", a::leads);
        took = Duration.ofNanos(System.nanoTime() - killed).toSeconds();
        System.out.println("took over after a kill: " + took + " s");
        assertTrue(took <= 20, took + " s, of a lease of 15 s and a pause of 2 s");
        namespace("third");
        a.await("a publishes", () -> published("third"));
        assertEquals(2, lease().path("leaseTransitions").asInt());
      }
      a.signal("TERM");
      a.ended();
      assertEquals("", lease().path("holderIdentity").asText(), "let go before it ended");
    }
    List<String> turns = new ArrayList<>();
    for (Written write : written()) {
      if (turns.isEmpty() || !turns.getLast().equals(write.by())) {
        turns.add(write.by());
      }
    }
    assertEquals(List.of("a", "b", "a"), turns, written().toString());
  }
}
