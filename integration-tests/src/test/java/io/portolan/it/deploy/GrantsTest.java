package io.portolan.it.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.portolan.install.Chart;
import io.portolan.it.deploy.Grants.Access;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the chart's roles grant, and how that is held against an audit log. */
class GrantsTest {
  private static final String SYSTEM = "istio-system";

  @TempDir Path directory;
  private Map<String, JsonNode> objects = Map.of();

  @BeforeEach
  void render() throws Exception {
    Chart chart = Chart.packaged();
    objects =
        Objects.byLabel(
            chart.render(chart.settings(List.of("gateways.eastwest.enabled=true")), SYSTEM));
  }

  @Test
  void noAccountMayReadSecretsOfTheCluster() {
    for (String account : List.of("istiod", "istio-reader-service-account")) {
      for (Access grant : Grants.of(objects, SYSTEM, account).granted()) {
        assertTrue(!grant.resource().equals("*") && !grant.verb().equals("*"), grant.toString());
        if (grant.resource().equals("secrets")) {
          assertEquals(SYSTEM, grant.namespace(), account + " " + grant);
        }
      }
    }
    assertEquals(Set.of(), Grants.of(objects, SYSTEM, "istio-eastwestgateway").granted());
  }

  private static Set<Access> writes(Map<String, JsonNode> objects, String account) {
    return Grants.of(objects, SYSTEM, account).granted().stream()
        .filter(grant -> !Set.of("get", "list", "watch").contains(grant.verb()))
        .collect(java.util.stream.Collectors.toSet());
  }

  @Test
  void onlyLeadershipTokenReviewsAndTheRootsAreWritten() throws Exception {
    Access review = new Access("authentication.k8s.io", "tokenreviews", "create", "", "");
    Set<Access> roots =
        Set.of(
            review,
            new Access("", "configmaps", "create", "", ""),
            new Access("", "configmaps", "patch", "", "istio-ca-root-cert"));
    Set<Access> leader = new java.util.HashSet<>(roots);
    leader.add(new Access("coordination.k8s.io", "leases", "create", SYSTEM, ""));
    leader.add(new Access("coordination.k8s.io", "leases", "update", SYSTEM, "portolan-leader"));
    assertEquals(leader, writes(objects, "istiod"));
    assertEquals(Set.of(review), writes(objects, "istio-reader-service-account"));

    Chart chart = Chart.packaged();
    Map<String, JsonNode> remote =
        Objects.byLabel(
            chart.render(
                chart.settings(List.of("profile=remote,global.remotePilotAddress=192.0.2.1")),
                SYSTEM));
    assertEquals(
        roots,
        writes(remote, "istio-reader-service-account"),
        "a cluster without a control plane gets the roots from another one's");
    Map<String, JsonNode> none =
        Objects.byLabel(chart.render(chart.settings(List.of("rootConfigMap=")), SYSTEM));
    assertTrue(writes(none, "istiod").stream().noneMatch(w -> w.resource().equals("configmaps")));
  }

  /** The lines have the form in which an API server writes them. */
  @Test
  void anAuditLogIsHeldAgainstTheRole() throws Exception {
    Path log = directory.resolve("audit.log");
    Files.write(
        log,
        List.of(
            event("istiod", "list", "namespaces", "", "", "", false),
            event("istiod", "watch", "endpointslices", "discovery.k8s.io", "", "", false),
            event("istiod", "list", "secrets", "", SYSTEM, "", false),
            event("istiod", "list", "secrets", "", "", "", false),
            event("istiod", "get", "leases", "coordination.k8s.io", SYSTEM, "other", true),
            event(
                "istiod",
                "create",
                "selfsubjectaccessreviews",
                "authorization.k8s.io",
                "",
                "",
                false),
            event("someone-else", "delete", "pods", "", "", "", false)));
    Set<Access> asked = Grants.asked(log, SYSTEM, "istiod");
    assertEquals(5, asked.size(), asked.toString());

    Grants.Difference difference = Grants.of(objects, SYSTEM, "istiod").compare(asked);
    assertEquals(
        Set.of(
            new Access("", "secrets", "list", "", ""),
            new Access("coordination.k8s.io", "leases", "get", SYSTEM, "other")),
        difference.missing());
    assertTrue(difference.unused().contains(new Access("", "pods", "watch", "", "")));
    assertTrue(!difference.unused().contains(new Access("", "namespaces", "list", "", "")));
    assertTrue(!difference.unused().contains(new Access("", "secrets", "list", SYSTEM, "")));
  }

  private static String event(
      String account,
      String verb,
      String resource,
      String group,
      String namespace,
      String name,
      boolean impersonated) {
    String who = "{\"username\":\"system:serviceaccount:istio-system:" + account + "\"}";
    return "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"Metadata\",\"verb\":\""
        + verb
        + "\",\"user\":"
        + (impersonated ? "{\"username\":\"admin\"},\"impersonatedUser\":" + who : who)
        + ",\"objectRef\":{\"resource\":\""
        + resource
        + "\",\"apiGroup\":\""
        + group
        + "\",\"namespace\":\""
        + namespace
        + "\",\"name\":\""
        + name
        + "\"},\"responseStatus\":{\"code\":200}}";
  }
}
