package io.portolan.it.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.portolan.cli.Main;
import io.portolan.install.Chart;
import io.portolan.it.deploy.Grants.Access;
import io.portolan.it.kube.Kubernetes;
import io.portolan.server.KubernetesSettings;
import io.portolan.server.PortolanServer;
import io.portolan.server.ServerSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real API server takes everything that is installed, and keeps what users write. */
class ApplyTest {
  @TempDir static Path home;
  private static ApiServer server;

  /** A namespace that is ended cannot be used again while no controller removes it. */
  private static final AtomicInteger NEXT = new AtomicInteger();

  private final String namespace =
      "apply-" + ProcessHandle.current().pid() + "-" + NEXT.incrementAndGet();
  private final KubernetesClient client = client();

  @BeforeAll
  static void startServer() throws IOException {
    server = ApiServer.start(home);
  }

  @AfterAll
  static void stopServer() throws IOException {
    server.close();
  }

  private static KubernetesClient client() {
    return new KubernetesClientBuilder()
        .withConfig(Config.fromKubeconfig(server.kubeconfig().toFile()))
        .build();
  }

  @BeforeEach
  void install() {
    StringWriter said = new StringWriter();
    int code =
        Main.commandLine()
            .setOut(new PrintWriter(said, true))
            .setErr(new PrintWriter(said, true))
            .execute(
                "install",
                "--kubeconfig",
                server.kubeconfig().toString(),
                "--namespace",
                namespace,
                "--wait",
                "0s",
                "--force-conflicts",
                "--set",
                "gateways.eastwest.enabled=true",
                "--set",
                "values.global.network=network1");
    assertEquals(0, code, said.toString());
  }

  @AfterEach
  void end() {
    for (String role : List.of("istiod-clusterrole-", "istio-reader-clusterrole-")) {
      client.rbac().clusterRoleBindings().withName(role + namespace).delete();
      client.rbac().clusterRoles().withName(role + namespace).delete();
    }
    client.namespaces().withName(namespace).delete();
    client.close();
  }

  /** Server-side apply again, as a dry run with strict validation: nothing is unknown to it. */
  @Test
  void everyProfileIsTakenUnderStrictValidation() throws Exception {
    Chart chart = Chart.packaged();
    for (String settings :
        List.of(
            "gateways.eastwest.enabled=true",
            "profile=remote,global.remotePilotAddress=10.0.0.1",
            "profile=remote,global.remotePilotAddress=gateway.example.com",
            "profile=eastwest,global.network=network1")) {
      List<Chart.Document> documents = new ArrayList<>(chart.definitions());
      documents.addAll(chart.render(chart.settings(List.of(settings)), namespace));
      for (Chart.Document document : documents) {
        var taken =
            client
                .resource(generic(document.tree()))
                .dryRun()
                .fieldValidation(
                    io.fabric8.kubernetes.client.dsl.FieldValidateable.Validation.STRICT)
                .fieldManager("strict")
                .forceConflicts()
                .serverSideApply();
        assertEquals(document.name(), taken.getMetadata().getName(), settings);
      }
    }
  }

  /** What admission says to the pods where the namespace demands the restricted standard. */
  @Test
  void thePodsMeetTheRestrictedStandard() throws Exception {
    client
        .namespaces()
        .withName(namespace)
        .edit(
            n ->
                n.edit()
                    .editMetadata()
                    .addToLabels("pod-security.kubernetes.io/enforce", "restricted")
                    .endMetadata()
                    .build());
    for (String name : List.of("istiod", "istio-eastwestgateway")) {
      var deployment = client.apps().deployments().inNamespace(namespace).withName(name).require();
      var pod =
          new io.fabric8.kubernetes.api.model.PodBuilder()
              .withNewMetadata()
              .withName(name + "-admitted")
              .withNamespace(namespace)
              .endMetadata()
              .withSpec(deployment.getSpec().getTemplate().getSpec())
              .build();
      assertEquals(
          name + "-admitted", client.resource(pod).dryRun().create().getMetadata().getName());
    }
  }

  /** Fields of no API version survive, so that Portolan's own warning can name them. */
  @Test
  void misplacedFieldsAreKept() throws Exception {
    JsonNode rule =
        Objects.yaml(
            """
            apiVersion: networking.istio.io/v1beta1
            kind: DestinationRule
            metadata: {name: misplaced, namespace: %s}
            spec:
              host: productpage
              trafficPolicy:
                circuitBreaker: {consecutiveErrors: 3}
                localityLbSetting: {enabled: true}
                connectionPool:
                  tcp: {keepAlive: {time: 7200s}}
                  http: {consecutiveGatewayErrors: 5, interval: 30s}
                outlierDetection: {consecutiveErrors: 3}
              subsets:
              - name: one
                labels: {cluster: primary}
                trafficPolicy: {unheardOf: true}
            """
                .formatted(namespace));
    client.resource(generic(rule)).create();
    GenericKubernetesResource kept =
        client
            .genericKubernetesResources("networking.istio.io/v1", "DestinationRule")
            .inNamespace(namespace)
            .withName("misplaced")
            .get();
    assertEquals(
        rule.path("spec"),
        Objects.json(kept.get("spec")),
        "what is read back by another version is what was written");
  }

  @Test
  void valuesThatCannotBeMeantAreRefused() {
    JsonNode entry =
        Objects.yaml(
            """
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: refused, namespace: %s}
            spec:
              hosts: [a.example]
              resolution: SOMEHOW
              ports: [{number: 70000, name: http}]
            """
                .formatted(namespace));
    KubernetesClientException refusal =
        assertThrows(
            KubernetesClientException.class, () -> client.resource(generic(entry)).create());
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains("spec.resolution"), message);
    assertTrue(message.contains("spec.ports[0].number"), message);
  }

  /** Held against what a control plane with that account asked of this server. */
  @Test
  void theAccountsMayDoWhatTheirRolesSay() throws Exception {
    Chart chart = Chart.packaged();
    Map<String, JsonNode> objects =
        Objects.byLabel(chart.render(chart.settings(List.of()), namespace));
    for (String account : List.of("istiod", "istio-reader-service-account")) {
      Set<Access> granted = Grants.of(objects, namespace, account).granted();
      for (Access grant : granted) {
        assertTrue(may(account, grant), account + " may " + grant);
      }
      for (String resource : List.of("secrets", "configmaps")) {
        assertFalse(
            may(account, new Access("", resource, "list", "", "")),
            account + " lists " + resource + " of the cluster");
      }
    }
    serveAs("istiod");
    Set<Access> asked = Grants.asked(server.auditLog(), namespace, "istiod");
    assertTrue(asked.contains(new Access("", "pods", "watch", "", "")), "the log tells: " + asked);
    for (Access access :
        List.of(
            new Access("", "configmaps", "watch", namespace, "istio"),
            new Access("", "configmaps", "watch", "", "istio-ca-root-cert"),
            new Access("", "configmaps", "create", namespace, "istio-ca-root-cert"),
            new Access("", "configmaps", "patch", namespace, "istio-ca-root-cert"))) {
      assertTrue(asked.contains(access), access + " in " + asked);
    }
    assertEquals(Set.of(), Grants.of(objects, namespace, "istiod").compare(asked).missing());
  }

  /**
   * Runs a control plane with the rights of an account until it has read everything and published
   * the roots.
   */
  private void serveAs(String account) throws Exception {
    String token =
        Kubernetes.kubectl(server.cluster(), "", "create", "token", "-n", namespace, account)
            .strip();
    Path kubeconfig = home.resolve(namespace + ".kubeconfig");
    Files.writeString(kubeconfig, server.cluster().kubeconfig(server.cluster().url(), token));
    Path mesh = Files.createDirectories(home.resolve(namespace + "-mesh"));
    Files.writeString(mesh.resolve("mesh.yaml"), "rootNamespace: " + namespace + "\n");
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (PortolanServer portolan =
        PortolanServer.start(
            new ServerSettings(
                mesh,
                home.resolve(namespace + "-data"),
                null,
                any,
                null,
                any,
                Duration.ofHours(24),
                List.of(),
                List.of("istio-ca"),
                Duration.ZERO,
                null,
                new KubernetesSettings("one", kubeconfig, null)))) {
      long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      while (!portolan.readiness().isEmpty() && System.nanoTime() < end) {
        LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
      }
      assertEquals("", portolan.readiness());
      String roots = published("", end);
      client
          .configMaps()
          .inNamespace(namespace)
          .withName("istio-ca-root-cert")
          .edit(map -> map.edit().addToData("root-cert.pem", "not " + roots).build());
      assertEquals(roots, published("not " + roots, end), "repaired");
    }
  }

  /** The roots in the namespace, once they are others than these. */
  private String published(String others, long end) {
    while (System.nanoTime() < end) {
      var map = client.configMaps().inNamespace(namespace).withName("istio-ca-root-cert").get();
      String pem = map == null ? "" : map.getData().getOrDefault("root-cert.pem", "");
      if (!pem.isEmpty() && !pem.equals(others)) {
        return pem;
      }
      LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
    }
    throw new AssertionError("not published in time");
  }

  private boolean may(String account, Access access) {
    var review =
        new io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder()
            .withNewSpec()
            .withUser("system:serviceaccount:" + namespace + ":" + account)
            .withGroups("system:serviceaccounts", "system:authenticated")
            .withNewResourceAttributes()
            .withGroup(access.group())
            .withResource(access.resource())
            .withVerb(access.verb())
            .withNamespace(access.namespace())
            .withName(access.name())
            .endResourceAttributes()
            .endSpec()
            .build();
    return client
        .authorization()
        .v1()
        .subjectAccessReview()
        .create(review)
        .getStatus()
        .getAllowed();
  }

  private GenericKubernetesResource generic(JsonNode tree) {
    return client
        .getKubernetesSerialization()
        .unmarshal(tree.toString(), GenericKubernetesResource.class);
  }
}
