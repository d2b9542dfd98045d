package io.portolan.xds.view;

import static io.portolan.xds.view.FederationMesh.HTTP;
import static io.portolan.xds.view.FederationMesh.MESH;
import static io.portolan.xds.view.FederationMesh.ORIGIN;
import static io.portolan.xds.view.FederationMesh.made;
import static io.portolan.xds.view.FederationMesh.ref;
import static io.portolan.xds.view.FederationMesh.sidecar;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.DestinationRuleObject;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.ServiceReach;
import io.portolan.registry.model.TrafficPolicy;
import io.portolan.registry.model.TrafficPolicy.Distribute;
import io.portolan.registry.model.TrafficPolicy.LocalityLb;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What {@code localityLbSetting} does: shares, failover, labels, and who of them counts. */
class LocalityRulesTest {
  private static final String WEB = "outbound|80||web.demo.svc.cluster.local";

  /** Clients in r1/z1; pods in two zones there, one more zone, and on another network. */
  private static FederationMesh mesh() {
    return new FederationMesh()
        .service("a", "web", "10.96.0.1", HTTP)
        .service("b", "web", "10.97.0.1", HTTP)
        .pod("a", "web-1", "10.1.0.1", at("r1.z1"))
        .pod("a", "web-2", "10.1.0.2", at("r1.z1"))
        .pod("a", "web-3", "10.1.0.3", at("r1.z2"))
        .pod("a", "web-4", "10.1.0.4", at("r1.z3"))
        .pod("b", "web-1", "10.2.0.1", at("r2.z1"))
        .pod("b", "web-2", "10.2.0.2", at("r2.z2"));
  }

  private static Map<String, String> at(String locality, String... more) {
    Map<String, String> labels = new HashMap<>(MESH);
    labels.put("istio-locality", locality);
    for (int i = 0; i < more.length; i += 2) {
      labels.put(more[i], more[i + 1]);
    }
    return labels;
  }

  private static FederationMesh rule(FederationMesh mesh, LocalityLb setting) {
    return mesh.put(
        new DestinationRuleObject(
            ref("a", Kind.DESTINATION_RULE, "web"),
            ORIGIN,
            "web.demo.svc.cluster.local",
            new TrafficPolicy(
                new TrafficPolicy.LoadBalancer(TrafficPolicy.Algorithm.ROUND_ROBIN, setting),
                null,
                null,
                null),
            List.of(),
            List.of()));
  }

  private static LocalityLb distribute(Map<String, Integer> to, Map<String, String> failover) {
    return new LocalityLb(true, List.of(new Distribute("r1/z1/*", to)), failover, List.of());
  }

  private static LocalityLb priority(Map<String, String> failover, String... labels) {
    return new LocalityLb(true, List.of(), failover, List.of(labels));
  }

  @Test
  void sharesAreThoseOfTheRuleAndTheRestGetsNothing() {
    FederationMesh.Seen seen =
        rule(mesh(), distribute(Map.of("r1/z1", 80, "r1/z2/*", 20), Map.of())).seenBy(sidecar("a"));
    assertEquals(
        List.of("P0 10.1.0.1:8080 w2", "P0 10.1.0.2:8080 w2", "P0 10.1.0.3:8080 w1"),
        seen.hosts(WEB));
    assertTrue(seen.cluster(WEB).localityWeighted());
    assertTrue(
        seen.reasons("web").contains("10.1.0.1: r1/z1 gets 80% of the traffic from r1/z1"),
        seen.reasons("web").toString());
    assertTrue(
        seen.reasons("web")
            .contains(
                "10.1.0.4 left out: distribute gives r1/z3 nothing of the traffic from r1/z1"),
        seen.reasons("web").toString());
  }

  @Test
  void theFailoverRegionComesAfterTheShares() {
    assertEquals(
        List.of(
            "P0 10.1.0.1:8080 w2",
            "P0 10.1.0.2:8080 w2",
            "P0 10.1.0.3:8080 w1",
            "P1 192.0.2.2:15443 w5"),
        rule(mesh(), distribute(Map.of("r1/z1", 80, "r1/z2", 20), Map.of("r1", "r2")))
            .seenBy(sidecar("a"))
            .hosts(WEB));
  }

  @Test
  void aGatewayHasTheSharesOfAllThatIsBehindIt() {
    // Both behind one address.
    assertEquals(
        List.of("P0 10.1.0.1:8080 w3", "P0 10.1.0.2:8080 w3", "P0 192.0.2.2:15443 w4"),
        rule(mesh(), distribute(Map.of("r1/z1", 60, "r2/z1", 30, "r2/z2", 10), Map.of()))
            .seenBy(sidecar("a"))
            .hosts(WEB));
    FederationMesh two = mesh().network("net-b", "192.0.2.2", "192.0.2.3");
    assertEquals(
        List.of(
            "P0 10.1.0.1:8080 w3",
            "P0 10.1.0.2:8080 w3",
            "P0 192.0.2.2:15443 w2",
            "P0 192.0.2.3:15443 w2"),
        rule(two, distribute(Map.of("r1/z1", 60, "r2", 40), Map.of()))
            .seenBy(sidecar("a"))
            .hosts(WEB));
  }

  @Test
  void conditionsOfClustersStillAct() {
    LocalityLb setting = distribute(Map.of("r1/z1", 60, "r2", 40), Map.of());
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P0 10.1.0.2:8080 w1", "P1 192.0.2.2:15443 w2"),
        scaled(
            rule(mesh(), setting)
                .condition("b", Treatment.DEMOTE, "lost")
                .seenBy(sidecar("a"))
                .hosts(WEB)));
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P0 10.1.0.2:8080 w1", "P1 192.0.2.2:15443 UNHEALTHY w2"),
        scaled(
            rule(mesh(), setting)
                .condition("b", Treatment.UNHEALTHY, "lost")
                .seenBy(sidecar("a"))
                .hosts(WEB)));
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P0 10.1.0.2:8080 w1"),
        rule(mesh(), setting)
            .condition("b", Treatment.WITHDRAW, "lost")
            .seenBy(sidecar("a"))
            .hosts(WEB));
  }

  /** Weights compare within a priority only: the first one's hosts are equal, the second is one. */
  private static List<String> scaled(List<String> hosts) {
    return hosts.stream()
        .map(h -> h.substring(0, h.indexOf(" w")) + (h.startsWith("P0") ? " w1" : " w2"))
        .toList();
  }

  @Test
  void aRuleForOtherPlacesLeavesNearFirst() {
    FederationMesh.Seen seen =
        rule(mesh(), distribute(Map.of("r1/z1", 80, "r1/z2", 20), Map.of())).seenBy(sidecar("b"));
    assertFalse(seen.cluster(WEB).localityWeighted());
    assertEquals("P0 10.2.0.1:8080 w1", seen.hosts(WEB).getFirst());
  }

  @Test
  void theMeshsSettingHoldsWhereNothingElseSays() {
    FederationMesh mesh = mesh();
    mesh.localityLb = distribute(Map.of("r1/z2", 100), Map.of());
    assertEquals(List.of("P0 10.1.0.3:8080 w1"), mesh.seenBy(sidecar("a")).hosts(WEB));
    // A service's own preference comes before the mesh's, a rule before both.
    ServiceReach close = new ServiceReach(false, ServiceReach.Distribution.SAME_ZONE, List.of());
    FederationMesh preferring = mesh().put(made("a", "web", "10.96.0.1", close, HTTP));
    preferring.localityLb = mesh.localityLb;
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P0 10.1.0.2:8080 w1"),
        preferring.seenBy(sidecar("a")).hosts(WEB).subList(0, 2));
    FederationMesh off = mesh().put(made("a", "web", "10.96.0.1", close, HTTP));
    off.localityLb = mesh.localityLb;
    assertTrue(
        rule(off, new LocalityLb(false, List.of(), Map.of(), List.of()))
            .seenBy(sidecar("a"))
            .hosts(WEB)
            .stream()
            .allMatch(h -> h.startsWith("P0 ")));
  }

  @Test
  void shareOfASubsetIsThatOfItsOwnEndpoints() {
    FederationMesh mesh =
        mesh()
            .put(
                new DestinationRuleObject(
                    ref("a", Kind.DESTINATION_RULE, "web"),
                    ORIGIN,
                    "web.demo.svc.cluster.local",
                    TrafficPolicy.NONE,
                    List.of(
                        new DestinationRuleObject.Subset(
                            "own",
                            Map.of("cluster", "a"),
                            new TrafficPolicy(
                                new TrafficPolicy.LoadBalancer(
                                    TrafficPolicy.Algorithm.RANDOM,
                                    distribute(Map.of("r1/z1", 50, "r1/z2", 50), Map.of())),
                                null,
                                null,
                                null))),
                    List.of()));
    FederationMesh.Seen seen = mesh.seenBy(sidecar("a"));
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P0 10.1.0.2:8080 w1", "P0 10.1.0.3:8080 w2"),
        seen.hosts("outbound|80|own|web.demo.svc.cluster.local"));
    assertFalse(seen.cluster(WEB).localityWeighted());
  }

  /** Ranks of hosts by address, under labels of the proxy's pod. */
  private static List<String> ranked(LocalityLb setting) {
    FederationMesh mesh =
        new FederationMesh()
            .service("a", "web", "10.96.0.1", HTTP)
            .service("b", "web", "10.97.0.1", HTTP)
            .pod("a", "both", "10.1.0.1", at("r1.z1", "tier", "gold", "rack", "7"))
            .pod("a", "first", "10.1.0.2", at("r1.z2", "tier", "gold", "rack", "8"))
            .pod("a", "second", "10.1.0.3", at("r1.z1", "tier", "tin", "rack", "7"))
            .pod("a", "none", "10.1.0.4", at("r3.z1"))
            .pod("b", "far", "10.2.0.1", at("r2.z1", "tier", "gold", "rack", "7"))
            .pod("a", "client", List.of("10.1.0.9"), clientLabels(), "", Health.HEALTHY);
    return rule(mesh, setting).seenBy(sidecar("a")).hosts(WEB).stream()
        .map(h -> h.substring(0, h.indexOf(':')))
        .toList();
  }

  private static Map<String, String> clientLabels() {
    return Map.of("tier", "gold", "rack", "7", "istio-locality", "r1.z1", "hidden", "x");
  }

  @Test
  void theMoreLabelsAgreeInOrderTheEarlier() {
    assertEquals(
        List.of("P0 10.1.0.1", "P0 192.0.2.2", "P1 10.1.0.2", "P2 10.1.0.3", "P2 10.1.0.4"),
        ranked(priority(Map.of(), "tier", "rack")));
  }

  @Test
  void anotherNetworkComesAfterTheOwnWhereItIsFirst() {
    assertEquals(
        List.of("P0 10.1.0.1", "P1 10.1.0.2", "P2 10.1.0.3", "P2 10.1.0.4", "P3 192.0.2.2"),
        ranked(priority(Map.of(), "topology.istio.io/network", "tier", "rack")));
  }

  @Test
  void aValueStandsForTheProxysOwn() {
    assertEquals(
        List.of("P0 10.1.0.3", "P1 10.1.0.1", "P1 10.1.0.2", "P1 10.1.0.4", "P1 192.0.2.2"),
        ranked(priority(Map.of(), "tier=tin")));
  }

  @Test
  void regionsRankWhatLabelsLeaveEqual() {
    assertEquals(
        List.of("P0 10.1.0.1", "P1 10.1.0.2", "P2 192.0.2.2", "P3 10.1.0.3", "P4 10.1.0.4"),
        ranked(priority(Map.of("r1", "r2"), "tier")));
  }

  @Test
  void onlyLabelsThatSomeRuleNamesPartScopes() {
    FederationMesh mesh =
        mesh().pod("a", "client", List.of("10.1.0.9"), clientLabels(), "n1", Health.HEALTHY);
    assertEquals(Map.of(), mesh.seenBy(sidecar("a")).scope().labels());
    ProxyScope scope =
        rule(mesh, priority(Map.of(), "tier", "kubernetes.io/hostname"))
            .seenBy(sidecar("a"))
            .scope();
    assertEquals(Map.of("tier", "gold"), scope.labels());
    assertEquals("n1", scope.node());
  }

  @Test
  void reasonsNameTheLabel() {
    FederationMesh mesh =
        mesh().pod("a", "client", List.of("10.1.0.9"), clientLabels(), "", Health.HEALTHY);
    List<String> reasons =
        rule(mesh, priority(Map.of(), "topology.istio.io/network", "topology.kubernetes.io/zone"))
            .seenBy(sidecar("a"))
            .reasons("web");
    assertTrue(reasons.contains("10.1.0.1: failoverPriority agrees"), reasons.toString());
    assertTrue(
        reasons.contains("10.1.0.3: failoverPriority differs in topology.kubernetes.io/zone"),
        reasons.toString());
    assertTrue(
        reasons.stream()
            .anyMatch(
                r ->
                    r.startsWith("192.0.2.2: ")
                        && r.contains("failoverPriority is on another network, else agrees")),
        reasons.toString());
  }
}
