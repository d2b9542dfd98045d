package io.portolan.xds.view;

import static io.portolan.xds.view.FederationMesh.HTTP;
import static io.portolan.xds.view.FederationMesh.MESH;
import static io.portolan.xds.view.FederationMesh.ORIGIN;
import static io.portolan.xds.view.FederationMesh.PLAIN;
import static io.portolan.xds.view.FederationMesh.TCP;
import static io.portolan.xds.view.FederationMesh.gateway;
import static io.portolan.xds.view.FederationMesh.made;
import static io.portolan.xds.view.FederationMesh.ref;
import static io.portolan.xds.view.FederationMesh.sidecar;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.Change;
import io.portolan.registry.image.Concern;
import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.DestinationRuleObject;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.model.ServiceReach;
import io.portolan.registry.model.SliceObject.SliceEndpoint;
import io.portolan.registry.model.TrafficPolicy;
import io.portolan.xds.node.ProxyNode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What federated services look like from each side. */
class FederationShapesTest {
  private static final String WEB = "outbound|80||web.demo.svc.cluster.local";
  private static final String DB = "outbound|5432||web.demo.svc.cluster.local";
  private static final String SNI = "outbound_.80_._.";

  private static FederationMesh three() {
    return new FederationMesh()
        .service("a", "web", "10.96.0.1", HTTP)
        .service("b", "web", "10.97.0.1", HTTP)
        .service("c", "web", "10.98.0.1", HTTP)
        .pod("a", "web-1", "10.1.0.1", MESH)
        .pod("b", "web-1", "10.2.0.1", MESH)
        .pod("b", "web-2", "10.2.0.2", MESH)
        .pod("c", "web-1", "10.3.0.1", MESH);
  }

  @Test
  void aDemotedClusterComesLast() {
    FederationMesh mesh =
        three().cluster("b", "net-a", "r1/z1").condition("b", Treatment.DEMOTE, "gateway silent");
    // b shares the zone of a: without the condition it would be P0.
    FederationMesh.Seen a = mesh.seenBy(sidecar("a"));
    assertEquals(
        List.of(
            "P0 10.1.0.1:8080 w1",
            "P1 192.0.2.2:15443 w1",
            "P2 10.2.0.1:8080 w1",
            "P2 10.2.0.2:8080 w1"),
        a.hosts(WEB));
    assertTrue(
        a.reasons("web").contains("10.2.0.1: demoted: cluster b is stale, gateway silent"),
        a.reasons("web").toString());
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P0 10.2.0.1:8080 w1", "P0 10.2.0.2:8080 w1"),
        new FederationMesh()
            .cluster("b", "net-a", "r1/z1")
            .service("a", "web", "10.96.0.1", HTTP)
            .service("b", "web", "10.97.0.1", HTTP)
            .pod("a", "web-1", "10.1.0.1", MESH)
            .pod("b", "web-1", "10.2.0.1", MESH)
            .pod("b", "web-2", "10.2.0.2", MESH)
            .condition("b", Treatment.DEMOTE, "gateway silent")
            .seenBy(sidecar("b"))
            .hosts(WEB),
        "its own proxies see it as it is");
  }

  @Test
  void anUnhealthyClusterIsSentAsUnhealthy() {
    FederationMesh direct =
        three().cluster("b", "net-a", "r1/z1").condition("b", Treatment.UNHEALTHY, "both lost");
    assertEquals(
        List.of(
            "P0 10.1.0.1:8080 w1",
            "P1 192.0.2.2:15443 w1",
            "P2 10.2.0.1:8080 UNHEALTHY w1",
            "P2 10.2.0.2:8080 UNHEALTHY w1"),
        direct.seenBy(sidecar("a")).hosts(WEB));
    // Behind one gateway: c is well, so the gateway is, and only c weighs.
    FederationMesh half = three().condition("b", Treatment.UNHEALTHY, "both lost");
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P1 192.0.2.2:15443 w1"),
        half.seenBy(sidecar("a")).hosts(WEB));
    assertTrue(
        half.seenBy(sidecar("a")).reasons("web").stream()
            .anyMatch(
                r -> r.startsWith("10.2.0.1 left out") && r.contains("cluster b is stale, both")),
        half.seenBy(sidecar("a")).reasons("web").toString());
    FederationMesh all =
        three()
            .condition("b", Treatment.UNHEALTHY, "both lost")
            .condition("c", Treatment.UNHEALTHY, "both lost");
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P1 192.0.2.2:15443 UNHEALTHY w3"),
        all.seenBy(sidecar("a")).hosts(WEB));
  }

  @Test
  void aWithdrawnClusterIsNotSent() {
    FederationMesh mesh = three().condition("b", Treatment.WITHDRAW, "lost for 5 min");
    FederationMesh.Seen a = mesh.seenBy(sidecar("a"));
    assertEquals(List.of("P0 10.1.0.1:8080 w1", "P1 192.0.2.2:15443 w1"), a.hosts(WEB));
    assertTrue(
        a.reasons("web")
            .contains("10.2.0.1 left out: withdrawn: cluster b is stale, lost for 5 min"),
        a.reasons("web").toString());
    assertEquals(
        List.of("P0 10.2.0.1:8080 w1", "P0 10.2.0.2:8080 w1", "P0 10.3.0.1:8080 w1"),
        mesh.seenBy(sidecar("b")).hosts(WEB).stream().filter(h -> h.startsWith("P0")).toList());
  }

  @Test
  void aStaleClusterThatIsKeptSaysSo() {
    FederationMesh mesh = three().condition("b", Treatment.KEEP, "no word for 40 s");
    assertEquals(three().seenBy(sidecar("a")).hosts(WEB), mesh.seenBy(sidecar("a")).hosts(WEB));
    assertTrue(
        mesh.seenBy(sidecar("a")).reasons("web").stream()
            .anyMatch(
                r -> r.startsWith("192.0.2.2") && r.contains("b is stale, no word for 40 s")));
  }

  @Test
  void oneAddressInTwoClusters() {
    // Of different networks: both are right.
    FederationMesh apart =
        new FederationMesh()
            .service("a", "web", "10.96.0.1", HTTP)
            .service("b", "web", "10.97.0.1", HTTP)
            .pod("a", "one", "10.1.0.1", MESH)
            .pod("b", "two", "10.1.0.1", MESH);
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P1 192.0.2.2:15443 w1"),
        apart.seenBy(sidecar("a")).hosts(WEB));
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P1 192.0.2.1:15443 w1"),
        apart.seenBy(sidecar("b")).hosts(WEB));
    assertEquals(List.of(), Concern.of(apart.image()));
    // Of one network: each cluster's proxies use their own, and it is told.
    FederationMesh same =
        new FederationMesh()
            .service("b", "web", "10.97.0.1", HTTP)
            .service("c", "web", "10.98.0.1", HTTP)
            .pod("b", "one", "10.2.0.1", MESH)
            .pod("c", "two", "10.2.0.1", MESH);
    assertEquals("one;demo;b", winner(same.seenBy(sidecar("b"))));
    assertEquals("two;demo;c", winner(same.seenBy(sidecar("c"))));
    assertTrue(
        same.find("web").notes().toString().contains("address 10.2.0.1 is in clusters b, c"));
    // In different services too.
    FederationMesh others =
        new FederationMesh()
            .service("b", "web", "10.97.0.1", HTTP)
            .service("c", "shop", "10.98.0.1", HTTP)
            .pod("b", "one", "10.2.0.1", MESH)
            .pod("c", "two", "10.2.0.1", MESH);
    assertTrue(
        Concern.of(others.image()).stream().anyMatch(c -> c.about().equals("address 10.2.0.1")),
        Concern.of(others.image()).toString());
  }

  private static String winner(FederationMesh.Seen seen) {
    return seen.assignment(WEB).groups().getFirst().hosts().getFirst().workload();
  }

  private static FederationMesh stateful() {
    return new FederationMesh()
        .service("a", "web", "", HTTP, TCP)
        .service("b", "web", "", HTTP, TCP)
        .pod("a", "web-0", "10.1.0.1", MESH)
        .pod("b", "web-0", "10.2.0.1", MESH)
        .pod("b", "web-1", "10.2.0.2", MESH)
        .slice(
            "a",
            "web",
            "s",
            new SliceEndpoint("10.1.0.1", Health.HEALTHY, "", "", "web-0", "web-0"))
        .slice(
            "b",
            "web",
            "s",
            new SliceEndpoint("10.2.0.1", Health.HEALTHY, "", "", "web-0", "web-0"),
            new SliceEndpoint("10.2.0.2", Health.HEALTHY, "", "", "web-1", "web-1"));
  }

  @Test
  void podsOfAHeadlessServiceAreReachedByName() {
    FederationMesh mesh = stateful().eastWest("b");
    FederationMesh.Seen a = mesh.seenBy(sidecar("a"));
    String web1 = "web-1.web.demo.svc.cluster.local";
    assertEquals(
        List.of(web1, "web-1.web.demo.svc", "web-1.web.demo", "web-1.web"), a.domains(80, web1));
    assertEquals(List.of("P0 192.0.2.2:15443 w1"), a.hosts("outbound|80||" + web1));
    // web-0 is in both: here it is the own cluster's.
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1"), a.hosts("outbound|80||web-0.web.demo.svc.cluster.local"));
    assertEquals(
        "outbound|5432||web-0.web.demo.svc.cluster.local", a.listeners().get("10.1.0.1_5432"));
    // The other side: the gateway has the name that the client's SNI carries.
    FederationMesh.Seen gateway = mesh.seenBy(gateway("b"));
    assertEquals(List.of("P0 10.2.0.2:8080 w1"), gateway.hosts(SNI + web1));
    assertEquals(
        List.of("P0 10.2.0.1:8080 w1"), gateway.hosts(SNI + "web-0.web.demo.svc.cluster.local"));
    assertTrue(
        mesh.seenBy(sidecar("a", "x", ProxyNode.Interception.NONE, "10.9.0.1")).notes().stream()
            .anyMatch(n -> n.contains("pods are reached together")));
  }

  @Test
  void aServicesPodsOfOneNetworkKnowTheirNames() {
    FederationMesh mesh = stateful();
    assertEquals(
        List.of("P0 10.2.0.2:8080 w1"),
        mesh.seenBy(sidecar("b")).hosts("outbound|80||web-1.web.demo.svc.cluster.local"));
    // Without slices the pod's own hostname and subdomain say it.
    FederationMesh bare =
        new FederationMesh()
            .service("a", "web", "", HTTP)
            .put(
                new io.portolan.registry.model.PodObject(
                    ref("a", Kind.POD, "web-0"),
                    ORIGIN,
                    List.of("10.1.0.1"),
                    MESH,
                    "web",
                    "",
                    Health.HEALTHY,
                    List.of(),
                    "web-0",
                    "web"));
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1"),
        bare.seenBy(sidecar("a")).hosts("outbound|80||web-0.web.demo.svc.cluster.local"));
  }

  private static FederationMesh balanced(String... addresses) {
    return new FederationMesh()
        .put(
            new ServiceObject(
                ref("b", Kind.SERVICE, "web"),
                ORIGIN,
                ServiceObject.Type.LOAD_BALANCER,
                "",
                List.of("10.97.0.1"),
                List.of(addresses),
                List.of(TCP),
                PLAIN,
                Map.of(),
                Map.of("service.beta.kubernetes.io/aws-load-balancer-type", "nlb"),
                false));
  }

  @Test
  void aCloudBalancerReachesWhatHasNoProxy() {
    FederationMesh plain =
        balanced("203.0.113.7", "203.0.113.8")
            .pod("b", "db-1", "10.2.0.1", PLAIN)
            .pod("b", "db-2", "10.2.0.2", PLAIN)
            .pod("b", "db-3", List.of("10.2.0.3"), PLAIN, "", Health.UNHEALTHY);
    assertEquals(
        List.of("P0 203.0.113.7:5432 w1 plain", "P0 203.0.113.8:5432 w1 plain"),
        plain.seenBy(sidecar("a")).hosts(DB));
    assertEquals(
        List.of("P0 10.2.0.1:5432 w1 plain", "P0 10.2.0.2:5432 w1 plain"),
        plain.seenBy(sidecar("b")).hosts(DB).stream().filter(h -> !h.contains("UN")).toList());
    assertEquals(1, plain.image().gateways().get("net-b").size(), "it is no gateway of a network");
    // With a mesh proxy in front the mesh's way is taken.
    assertEquals(
        List.of("P0 192.0.2.2:15443 w1"),
        balanced("203.0.113.7").pod("b", "db-1", "10.2.0.1", MESH).seenBy(sidecar("a")).hosts(DB));
    // Some with, some without: shares stay shares of endpoints.
    assertEquals(
        List.of("P0 192.0.2.2:15443 w1", "P0 203.0.113.7:5432 w2 plain"),
        balanced("203.0.113.7")
            .pod("b", "db-1", "10.2.0.1", PLAIN)
            .pod("b", "db-2", "10.2.0.2", PLAIN)
            .pod("b", "db-3", "10.2.0.3", MESH)
            .seenBy(sidecar("a"))
            .hosts(DB));
  }

  @Test
  void aCloudBalancersHostNameIsResolved() {
    FederationMesh mesh = balanced("db.elb.example").pod("b", "db-1", "10.2.0.1", PLAIN);
    assertEquals(List.of("db.elb.example"), List.copyOf(mesh.image().hostsToResolve()));
    assertEquals(List.of(), mesh.seenBy(sidecar("a")).hosts(DB));
    assertTrue(
        mesh.seenBy(sidecar("a"))
            .reasons("web")
            .toString()
            .contains("cloud balancer has no address"));
    mesh.changes.add(
        new Change.HostAddresses("db.elb.example", List.of("203.0.113.1", "203.0.113.2")));
    assertEquals(
        List.of("P0 203.0.113.1:5432 w1 plain", "P0 203.0.113.2:5432 w1 plain"),
        mesh.seenBy(sidecar("a")).hosts(DB));
  }

  @Test
  void exportToOfServices() {
    ServiceReach own = new ServiceReach(false, ServiceReach.Distribution.UNSET, List.of("other"));
    ServiceReach none = new ServiceReach(false, ServiceReach.Distribution.UNSET, List.of("~"));
    FederationMesh mesh =
        new FederationMesh()
            .put(made("a", "web", "10.96.0.1", own, HTTP))
            .put(made("b", "web", "10.97.0.1", ServiceReach.DEFAULT, HTTP))
            .pod("a", "web-1", "10.1.0.1", MESH)
            .pod("b", "web-1", "10.2.0.1", MESH);
    assertFalse(mesh.seenBy(sidecar("a")).clusters().contains(WEB), "a exports it to other only");
    FederationMesh.Seen b = mesh.seenBy(sidecar("b"));
    assertEquals(List.of("P0 10.2.0.1:8080 w1"), b.hosts(WEB), "a's endpoints are not b's to use");
    assertTrue(b.reasons("web").toString().contains("cluster a does not export it to demo"));
    assertFalse(
        new FederationMesh()
            .put(made("a", "web", "10.96.0.1", none, HTTP))
            .seenBy(sidecar("b"))
            .clusters()
            .contains(WEB));
  }

  @Test
  void trafficDistribution() {
    ServiceReach node = new ServiceReach(false, ServiceReach.Distribution.SAME_NODE, List.of());
    FederationMesh mesh =
        new FederationMesh()
            .put(made("a", "web", "10.96.0.1", node, HTTP))
            .pod("a", "web-1", List.of("10.1.0.1"), MESH, "n1", Health.HEALTHY)
            .pod("a", "web-2", List.of("10.1.0.2"), MESH, "n2", Health.HEALTHY)
            .pod("a", "client", List.of("10.1.0.9"), Map.of(), "n2", Health.HEALTHY);
    assertEquals(
        List.of("P0 10.1.0.2:8080 w1", "P1 10.1.0.1:8080 w1"),
        mesh.seenBy(sidecar("a")).hosts(WEB));
    // PreferClose holds where the mesh has locality balancing off.
    ServiceReach close = new ServiceReach(false, ServiceReach.Distribution.SAME_ZONE, List.of());
    FederationMesh off = three().put(made("a", "web", "10.96.0.1", close, HTTP));
    off.locality = FederationMesh.TrafficLocality.OFF;
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P1 192.0.2.2:15443 w3"),
        off.seenBy(sidecar("a")).hosts(WEB));
    FederationMesh unset = three();
    unset.locality = FederationMesh.TrafficLocality.OFF;
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P0 192.0.2.2:15443 w3"),
        unset.seenBy(sidecar("a")).hosts(WEB));
  }

  @Test
  void notReadyAddressesArePublishedWhereAsked() {
    FederationMesh mesh =
        new FederationMesh()
            .put(
                new ServiceObject(
                    ref("b", Kind.SERVICE, "web"),
                    ORIGIN,
                    ServiceObject.Type.CLUSTER_IP,
                    "",
                    List.of("10.97.0.1"),
                    List.of(),
                    List.of(HTTP),
                    PLAIN,
                    Map.of(),
                    Map.of(),
                    true))
            .pod("b", "web-1", List.of("10.2.0.1"), MESH, "", Health.UNHEALTHY);
    assertEquals(List.of("P0 192.0.2.2:15443 w1"), mesh.seenBy(sidecar("a")).hosts(WEB));
  }

  private static ServiceObject external(String name, String target) {
    return new ServiceObject(
        ref("a", Kind.SERVICE, name),
        ORIGIN,
        ServiceObject.Type.EXTERNAL_NAME,
        target,
        List.of(),
        List.of(),
        List.of(HTTP),
        Map.of(),
        Map.of(),
        Map.of(),
        false);
  }

  @Test
  void anExternalNameIsAnAlias() {
    FederationMesh mesh =
        three()
            .put(external("www", "web.demo.svc.cluster.local"))
            .put(external("two", "www.demo.svc.cluster.local"))
            .put(external("loop", "pool.demo.svc.cluster.local"))
            .put(external("pool", "loop.demo.svc.cluster.local"))
            .put(external("out", "api.example"));
    FederationMesh.Seen a = mesh.seenBy(sidecar("a"));
    List<String> domains = a.domains(80, "web.demo.svc.cluster.local");
    assertTrue(domains.containsAll(List.of("www.demo.svc.cluster.local", "two.demo", "www")));
    assertFalse(a.clusters().contains("outbound|80||www.demo.svc.cluster.local"));
    assertEquals(
        "api.example",
        a.cluster("outbound|80||out.demo.svc.cluster.local")
            .hosts()
            .hosts()
            .findFirst()
            .orElseThrow()
            .address());
    assertTrue(
        a.clusters().contains("outbound|80||loop.demo.svc.cluster.local"), "no endless loop");
  }

  @Test
  void subsetsAreClusters() {
    FederationMesh mesh =
        three()
            .put(
                new DestinationRuleObject(
                    ref("a", Kind.DESTINATION_RULE, "web"),
                    ORIGIN,
                    "web.demo.svc.cluster.local",
                    TrafficPolicy.NONE,
                    List.of(
                        subset("here", "cluster", "a"),
                        subset("there", "topology.istio.io/cluster", "b"),
                        subset("net", "topology.istio.io/network", "net-b"),
                        subset("zone", "topology.kubernetes.io/region", "r1")),
                    List.of()));
    FederationMesh.Seen a = mesh.seenBy(sidecar("a"));
    String host = "|web.demo.svc.cluster.local";
    assertEquals(List.of("P0 10.1.0.1:8080 w1"), a.hosts("outbound|80|here" + host));
    assertEquals(List.of("P0 192.0.2.2:15443 w1"), a.hosts("outbound|80|there" + host));
    assertEquals(List.of("P0 192.0.2.2:15443 w1"), a.hosts("outbound|80|net" + host));
    assertEquals(List.of("P0 10.1.0.1:8080 w1"), a.hosts("outbound|80|zone" + host));
  }

  private static DestinationRuleObject.Subset subset(String name, String label, String value) {
    return new DestinationRuleObject.Subset(name, Map.of(label, value), TrafficPolicy.NONE);
  }
}
