package io.portolan.xds.view;

import static io.portolan.xds.view.FederationMesh.HTTP;
import static io.portolan.xds.view.FederationMesh.MESH;
import static io.portolan.xds.view.FederationMesh.ORIGIN;
import static io.portolan.xds.view.FederationMesh.PLAIN;
import static io.portolan.xds.view.FederationMesh.TCP;
import static io.portolan.xds.view.FederationMesh.WEB;
import static io.portolan.xds.view.FederationMesh.WEB_TCP;
import static io.portolan.xds.view.FederationMesh.made;
import static io.portolan.xds.view.FederationMesh.ref;
import static io.portolan.xds.view.FederationMesh.row;
import static io.portolan.xds.view.FederationMesh.sidecar;
import static io.portolan.xds.view.FederationMesh.web;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.model.ServiceReach;
import io.portolan.registry.model.SliceObject.SliceEndpoint;
import io.portolan.xds.node.ProxyNode;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Where services and endpoints are known to go wrong: a row per rule, the outcome of this one. */
class EndpointRulesTest {

  @TestFactory
  Stream<DynamicTest> servicesAndEndpoints() {
    return Stream.of(
        row("the slice's zone counts", this::sliceZoneCounts),
        row("externalIPs are VIPs", this::externalIpsAreVips),
        row("only families the proxy has", this::onlyFamiliesOfTheProxy),
        row("internalTrafficPolicy Local by the pod's node", this::nodeLocal),
        row("a slash at a locality's end means nothing", this::slashMeansNothing),
        row("several TCP services on one port in mode NONE are told", this::tcpInModeNone));
  }

  private void sliceZoneCounts() {
    FederationMesh mesh =
        new FederationMesh()
            .put(
                new ServiceObject(
                    ref("a", Kind.SERVICE, "web"),
                    ORIGIN,
                    ServiceObject.Type.CLUSTER_IP,
                    "",
                    List.of("10.96.0.1"),
                    List.of(),
                    List.of(HTTP),
                    Map.of(),
                    Map.of(),
                    Map.of(),
                    false))
            .node("a", "n7", "r7/z7")
            .slice(
                "a",
                "web",
                "web-x",
                new SliceEndpoint("10.1.0.1", Health.HEALTHY, "", "z2", "", ""),
                new SliceEndpoint("10.1.0.2", Health.HEALTHY, "", "z7", "", ""),
                new SliceEndpoint("10.1.0.3", Health.HEALTHY, "n7", "z1", "", ""));
    assertEquals(
        List.of("r1/z2", "r7/z7", "r7/z7"),
        mesh.find("web").endpoints().stream()
            .sorted(java.util.Comparator.comparing(io.portolan.registry.image.Endpoint::address))
            .map(e -> e.locality().toString())
            .toList());
  }

  private void externalIpsAreVips() {
    FederationMesh mesh =
        new FederationMesh()
            .put(
                new ServiceObject(
                    ref("a", Kind.SERVICE, "web"),
                    ORIGIN,
                    ServiceObject.Type.CLUSTER_IP,
                    "",
                    List.of("10.96.0.1"),
                    List.of("203.0.113.5"),
                    List.of(HTTP, TCP),
                    PLAIN,
                    Map.of(),
                    Map.of(),
                    false));
    assertEquals(WEB_TCP, mesh.seenBy(sidecar("a")).listeners().get("203.0.113.5_5432"));
    assertTrue(
        mesh.seenBy(sidecar("a"))
            .domains(80, "web.demo.svc.cluster.local")
            .contains("203.0.113.5"));
    assertFalse(mesh.seenBy(sidecar("b")).listeners().containsKey("203.0.113.5_5432"));
  }

  private void onlyFamiliesOfTheProxy() {
    FederationMesh mesh =
        new FederationMesh()
            .service("a", "web", "10.96.0.1", HTTP)
            .pod("a", "both", List.of("10.1.0.1", "fd00::1"), MESH, "", Health.HEALTHY)
            .pod("a", "six", "fd00::2", MESH)
            .slice(
                "a", "web", "v4", new SliceEndpoint("10.1.0.1", Health.HEALTHY, "", "", "both", ""))
            .slice(
                "a",
                "web",
                "v6",
                new SliceEndpoint("fd00::1", Health.HEALTHY, "", "", "both", ""),
                new SliceEndpoint("fd00::2", Health.HEALTHY, "", "", "six", ""));
    ProxyNode.Interception redirect = ProxyNode.Interception.REDIRECT;
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1"),
        mesh.seenBy(sidecar("a", "x", redirect, "10.9.0.1")).hosts(WEB));
    assertEquals(
        List.of("P0 fd00::1:8080 w1", "P0 fd00::2:8080 w1"),
        mesh.seenBy(sidecar("a", "x", redirect, "fd00::9")).hosts(WEB));
    FederationMesh.Seen dual = mesh.seenBy(sidecar("a", "x", redirect, "10.9.0.1", "fd00::9"));
    assertEquals(List.of("P0 10.1.0.1:8080 w1", "P0 fd00::2:8080 w1"), dual.hosts(WEB));
    assertEquals(
        List.of("fd00::1"),
        dual.assignment(WEB).groups().getFirst().hosts().stream()
            .filter(h -> h.address().equals("10.1.0.1"))
            .flatMap(h -> h.otherAddresses().stream())
            .toList());
  }

  private void nodeLocal() {
    ServiceReach local = new ServiceReach(true, ServiceReach.Distribution.UNSET, List.of());
    FederationMesh mesh =
        new FederationMesh()
            .put(made("a", "web", "10.96.0.1", local, HTTP))
            .service("b", "web", "10.97.0.1", HTTP)
            .pod("a", "web-1", List.of("10.1.0.1"), MESH, "n1", Health.HEALTHY)
            .pod("a", "web-2", List.of("10.1.0.2"), MESH, "n2", Health.HEALTHY)
            .pod("b", "web-1", List.of("10.2.0.1"), MESH, "n1", Health.HEALTHY)
            .pod("a", "client", List.of("10.1.0.9"), Map.of(), "n2", Health.HEALTHY);
    // The proxy names its pod, not its node.
    assertEquals(List.of("P0 10.1.0.2:8080 w1"), mesh.seenBy(sidecar("a")).hosts(WEB));
    assertEquals(
        List.of("P0 10.2.0.1:8080 w1"), mesh.seenBy(sidecar("b")).hosts(WEB), "stays on its node");
    // Where no service asks for nodes, proxies of all nodes share one scope.
    assertEquals("", web().seenBy(sidecar("a")).scope().node());
  }

  private void slashMeansNothing() {
    assertEquals(Locality.parse("us-west/us-west-2a"), Locality.parse("us-west/us-west-2a/"));
    assertEquals("us-west/us-west-2a", Locality.parse("us-west/us-west-2a/").toString());
    FederationMesh mesh = web().pod("a", "web-2", "10.1.0.2", labels("istio-locality", "r1.z1."));
    assertEquals(
        1,
        mesh.seenBy(sidecar("a")).assignment(WEB).groups().stream()
            .filter(g -> g.priority() == 0)
            .count());
  }

  private static Map<String, String> labels(String key, String value) {
    Map<String, String> all = new java.util.HashMap<>(MESH);
    all.put(key, value);
    return all;
  }

  private void tcpInModeNone() {
    FederationMesh mesh =
        new FederationMesh()
            .service("a", "db", "10.96.0.1", TCP)
            .service("a", "dc", "10.96.0.2", TCP);
    FederationMesh.Seen seen =
        mesh.seenBy(sidecar("a", "x", ProxyNode.Interception.NONE, "10.9.0.1"));
    assertEquals("outbound|5432||db.demo.svc.cluster.local", seen.listeners().get("10.9.0.1_5432"));
    assertTrue(
        seen.notes().stream()
            .anyMatch(
                n ->
                    n.contains("dc.demo") && n.contains("not reachable in interception mode NONE")),
        seen.notes().toString());
  }
}
