package io.portolan.xds.view;

import static io.portolan.xds.view.FederationMesh.HTTP;
import static io.portolan.xds.view.FederationMesh.MESH;
import static io.portolan.xds.view.FederationMesh.PLAIN;
import static io.portolan.xds.view.FederationMesh.TCP;
import static io.portolan.xds.view.FederationMesh.WEB;
import static io.portolan.xds.view.FederationMesh.WEB_TCP;
import static io.portolan.xds.view.FederationMesh.gateway;
import static io.portolan.xds.view.FederationMesh.made;
import static io.portolan.xds.view.FederationMesh.row;
import static io.portolan.xds.view.FederationMesh.sidecar;
import static io.portolan.xds.view.FederationMesh.web;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.Change;
import io.portolan.registry.image.RegistryDelta;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.ServiceReach;
import io.portolan.registry.model.SliceObject.SliceEndpoint;
import io.portolan.registry.model.WorkloadSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Where federated meshes are known to go wrong: a row per rule, the outcome of this one. */
class FederationRulesTest {
  private static final String GATE_A = "192.0.2.1";
  private static final String GATE_B = "192.0.2.2";

  @TestFactory
  Stream<DynamicTest> federation() {
    return Stream.of(
        row("VIPs belong to their cluster", this::vipsBelongToTheirCluster),
        row("a ServiceEntry's VIP is the mesh's", this::entryVipsAreTheMeshs),
        row("the proxy's own cluster defines ports", this::ownClusterDefinesPorts),
        row("only ready endpoints weigh behind a gateway", this::onlyReadyEndpointsWeigh),
        row("one host per gateway and priority", this::oneHostPerGateway),
        row("the trust domain is the mesh's", this::trustDomainIsTheMeshs),
        row("a remote WorkloadEntry has its cluster's network", this::workloadEntryNetwork),
        row("a network without a gateway is left out", this::networkWithoutGateway),
        row("identity is cluster, namespace and name", this::identityHasTheCluster),
        row("an east-west gateway spreads evenly", this::gatewaySpreadsEvenly),
        row("an east-west gateway carries what may be reached", this::gatewayCarriesTheReachable),
        row("headless: reachable pods only", this::headlessReachablePods),
        row("order of slices and services means nothing", this::orderMeansNothing),
        row("near first by default", this::nearFirst));
  }

  private void vipsBelongToTheirCluster() {
    // One ClusterIP in two clusters: web in a, other in b.
    FederationMesh mesh =
        new FederationMesh()
            .service("a", "web", "10.96.0.1", HTTP, TCP)
            .service("b", "other", "10.96.0.1", HTTP, TCP)
            .pod("a", "web-1", "10.1.0.1", MESH);
    FederationMesh.Seen a = mesh.seenBy(sidecar("a"));
    FederationMesh.Seen b = mesh.seenBy(sidecar("b"));
    assertEquals(WEB_TCP, a.listeners().get("10.96.0.1_5432"));
    assertEquals(
        "outbound|5432||other.demo.svc.cluster.local", b.listeners().get("10.96.0.1_5432"));
    assertTrue(a.domains(80, "web.demo.svc.cluster.local").contains("10.96.0.1"));
    assertFalse(a.domains(80, "other.demo.svc.cluster.local").contains("10.96.0.1"));
    assertFalse(b.domains(80, "web.demo.svc.cluster.local").contains("10.96.0.1"));
    // A VIP of another cluster is no VIP, even where nobody here uses it.
    FederationMesh remote = new FederationMesh().service("b", "far", "10.97.0.9", TCP);
    assertFalse(remote.seenBy(sidecar("a")).listeners().containsKey("10.97.0.9_5432"));
    assertTrue(
        remote.seenBy(sidecar("a")).notes().stream()
            .anyMatch(n -> n.contains("far") && n.contains("without a virtual address")));
  }

  private void entryVipsAreTheMeshs() {
    FederationMesh mesh =
        web().entry("a", "db.example", PLAIN, "240.0.0.1").service("c", "x", "240.0.0.1", TCP);
    String entry = "outbound|5432||db.example";
    assertEquals(entry, mesh.seenBy(sidecar("a")).listeners().get("240.0.0.1_5432"));
    assertEquals(entry, mesh.seenBy(sidecar("b")).listeners().get("240.0.0.1_5432"));
    assertEquals(
        "outbound|5432||x.demo.svc.cluster.local",
        mesh.seenBy(sidecar("c")).listeners().get("240.0.0.1_5432"));
  }

  private void ownClusterDefinesPorts() {
    ServicePort renamed = new ServicePort(80, "web", PortProtocol.TCP, 9090, "");
    ServicePort moved = new ServicePort(81, "http", PortProtocol.HTTP, 9091, "");
    FederationMesh mesh =
        new FederationMesh()
            .service("a", "web", "10.96.0.1", HTTP)
            .service("b", "web", "10.97.0.1", renamed)
            .service("c", "web", "10.98.0.1", moved)
            .pod("a", "w", "10.1.0.1", MESH)
            .pod("b", "w", "10.2.0.1", MESH)
            .pod("c", "w", "10.3.0.1", MESH);
    assertEquals("rds 80", mesh.seenBy(sidecar("a")).listeners().get("0.0.0.0_80"));
    assertEquals(WEB, mesh.seenBy(sidecar("b")).listeners().get("10.97.0.1_80"));
    // By number in b, by name in c: nobody's endpoints vanish.
    assertEquals(
        List.of("P0 10.2.0.1:9090 w1", "P1 192.0.2.1:15443 w1"),
        mesh.seenBy(sidecar("b")).hosts(WEB).stream().filter(h -> !h.contains("10.3")).toList());
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P1 192.0.2.2:15443 w2"),
        mesh.seenBy(sidecar("a")).hosts(WEB));
    assertTrue(
        mesh.seenBy(sidecar("c"))
            .hosts("outbound|81||web.demo.svc.cluster.local")
            .contains("P0 10.3.0.1:9091 w1"));
    List<String> notes = mesh.find("web").notes();
    assertTrue(
        notes.stream().anyMatch(n -> n.startsWith("port 80 is 'http' HTTP in a, 'web' TCP in b")),
        notes.toString());
    assertTrue(
        notes.stream().anyMatch(n -> n.equals("port 81 is defined in c but not in a, b")),
        notes.toString());
  }

  private void onlyReadyEndpointsWeigh() {
    FederationMesh mesh =
        web()
            .pod("b", "web-2", List.of("10.2.0.2"), MESH, "", Health.UNHEALTHY)
            .pod("b", "web-3", List.of("10.2.0.3"), MESH, "", Health.DRAINING)
            .pod("b", "web-4", "10.2.0.4", MESH);
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P1 192.0.2.2:15443 w2"),
        mesh.seenBy(sidecar("a")).hosts(WEB));
    FederationMesh none =
        new FederationMesh()
            .service("a", "web", "10.96.0.1", HTTP)
            .service("b", "web", "10.97.0.1", HTTP)
            .pod("b", "w", List.of("10.2.0.1"), MESH, "", Health.UNHEALTHY);
    assertEquals(List.of(), none.seenBy(sidecar("a")).hosts(WEB));
  }

  private void oneHostPerGateway() {
    FederationMesh mesh =
        web()
            .network("net-b", GATE_B, "192.0.2.3")
            .node("b", "n1", "r2/z1")
            .node("b", "n2", "r2/z2")
            .pod("b", "web-2", List.of("10.2.0.2"), MESH, "n1", Health.HEALTHY)
            .pod("b", "web-3", List.of("10.2.0.3"), MESH, "n2", Health.HEALTHY);
    // 1 here, 3 there shared by 2 gateways: 2 to 3 to 3.
    assertEquals(
        List.of("P0 10.1.0.1:8080 w2", "P1 192.0.2.2:15443 w3", "P1 192.0.2.3:15443 w3"),
        mesh.seenBy(sidecar("a")).hosts(WEB));
  }

  private void trustDomainIsTheMeshs() {
    assertEquals(
        List.of("spiffe://mesh.example/ns/demo/sa/web"),
        web().seenBy(sidecar("a")).cluster(WEB).identities());
    assertEquals(
        List.of("spiffe://mesh.example/ns/demo/sa/web", "spiffe://old.example/ns/demo/sa/web"),
        web().trustDomain("b", "old.example").seenBy(sidecar("a")).cluster(WEB).identities());
    assertTrue(
        io.portolan.registry.image.Concern.of(web().trustDomain("b", "old.example").image())
            .stream()
            .anyMatch(c -> c.text().contains("old.example") && c.about().equals("cluster b")));
  }

  private static WorkloadSpec vm(String address, String network, String account) {
    return new WorkloadSpec(address, Map.of(), PLAIN, network, Locality.UNKNOWN, 0, account);
  }

  private void workloadEntryNetwork() {
    FederationMesh mesh =
        new FederationMesh()
            .service("a", "web", "10.96.0.1", HTTP)
            .service("b", "web", "10.97.0.1", HTTP)
            .workload("b", "vm", vm("10.2.0.50", "", "vm"));
    assertEquals(
        List.of("P0 192.0.2.2:15443 w1"), mesh.seenBy(sidecar("a")).hosts(WEB), "from afar");
    assertEquals(List.of("P0 10.2.0.50:8080 w1"), mesh.seenBy(sidecar("b")).hosts(WEB), "at home");
    // A network of its own beats the cluster's.
    FederationMesh named =
        new FederationMesh()
            .service("a", "web", "10.96.0.1", HTTP)
            .workload("a", "vm", vm("10.0.0.100", "net-b", "vm"));
    assertEquals(List.of("P0 192.0.2.2:15443 w1"), named.seenBy(sidecar("a")).hosts(WEB));
  }

  private void networkWithoutGateway() {
    FederationMesh mesh = web().network("net-b");
    FederationMesh.Seen a = mesh.seenBy(sidecar("a"));
    assertEquals(List.of("P0 10.1.0.1:8080 w1"), a.hosts(WEB));
    assertTrue(
        a.reasons("web")
            .contains("10.2.0.1 left out: network net-b has no gateway that the proxy can dial"),
        a.reasons("web").toString());
    assertTrue(
        io.portolan.registry.image.Concern.of(mesh.image()).stream()
            .anyMatch(c -> c.about().equals("network net-b") && c.text().contains("no gateway")));
    FederationMesh unknown = web().cluster("b", "", "r2/z1");
    assertEquals(List.of("P0 10.1.0.1:8080 w1"), unknown.seenBy(sidecar("a")).hosts(WEB));
    assertTrue(
        io.portolan.registry.image.Concern.of(unknown.image()).stream()
            .anyMatch(c -> c.about().equals("cluster b") && c.text().contains("network")));
    // Where nobody names a network all are on one.
    FederationMesh flat = web().cluster("a", "", "r1/z1").cluster("b", "", "r2/z1");
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P1 10.2.0.1:8080 w1"),
        flat.seenBy(sidecar("a")).hosts(WEB));
  }

  private void identityHasTheCluster() {
    FederationMesh mesh = web().entry("a", "all.example", PLAIN, "240.0.0.1");
    assertEquals(
        List.of("a/web-1", "b/web-1"),
        mesh.find("all.example").endpoints().stream()
            .map(e -> e.cluster() + "/" + e.workload())
            .toList());
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P1 192.0.2.2:15443 w1"),
        mesh.seenBy(sidecar("a")).hosts("outbound|80||all.example"));
    // The same entry in both clusters selects each pod once.
    assertEquals(
        2,
        mesh.entry("b", "all.example", PLAIN, "240.0.0.1").find("all.example").endpoints().size());
  }

  private void gatewaySpreadsEvenly() {
    FederationMesh mesh =
        web()
            .eastWest("b")
            .node("b", "n1", "r2/z1")
            .node("b", "n2", "r9/z9")
            .pod("b", "web-2", List.of("10.2.0.2"), MESH, "n1", Health.HEALTHY)
            .pod("b", "web-3", List.of("10.2.0.3"), MESH, "n2", Health.HEALTHY);
    assertEquals(
        List.of("P0 10.2.0.1:8080 w1", "P0 10.2.0.2:8080 w1", "P0 10.2.0.3:8080 w1"),
        mesh.seenBy(gateway("b")).hosts("outbound_.80_._.web.demo.svc.cluster.local"));
  }

  private void gatewayCarriesTheReachable() {
    FederationMesh mesh = web().eastWest("a");
    mesh.service("a", "local", "10.96.0.2", HTTP)
        .put(made("a", "hidden", "10.96.0.3", reach(List.of("~")), HTTP))
        .put(made("a", "private", "10.96.0.4", reach(List.of(".")), HTTP));
    mesh.serviceSettings.add(
        new MeshSettings.ServiceSettings(List.of("*.demo.svc.cluster.local"), true));
    mesh.serviceSettings.add(
        new MeshSettings.ServiceSettings(
            List.of(
                "web.demo.svc.cluster.local",
                "hidden.demo.svc.cluster.local",
                "private.demo.svc.cluster.local"),
            false));
    FederationMesh.Seen gateway = mesh.seenBy(gateway("a"));
    assertEquals(
        List.of(
            "outbound_.5432_._.web.demo.svc.cluster.local",
            "outbound_.80_._.private.demo.svc.cluster.local",
            "outbound_.80_._.web.demo.svc.cluster.local"),
        gateway.clusters());
    assertTrue(mesh.settings().clusterLocal("dns.kube-system.svc.cluster.local"));
    assertTrue(mesh.settings().clusterLocal("kubernetes.default.svc.cluster.local"));
    assertFalse(mesh.settings().clusterLocal("web.demo.svc.cluster.local"));
    assertTrue(mesh.settings().clusterLocal("any.demo.svc.cluster.local"), "by wildcard");
    mesh.serviceSettings.add(
        new MeshSettings.ServiceSettings(List.of("*.kube-system.svc.cluster.local"), false));
    assertFalse(mesh.settings().clusterLocal("dns.kube-system.svc.cluster.local"), "overridden");
    // A local service is not seen from other clusters, nor are others' endpoints from its own.
    FederationMesh both = web();
    both.serviceSettings.add(
        new MeshSettings.ServiceSettings(List.of("web.demo.svc.cluster.local"), true));
    assertEquals(List.of("P0 10.1.0.1:8080 w1"), both.seenBy(sidecar("a")).hosts(WEB));
    assertFalse(both.seenBy(sidecar("c")).clusters().contains(WEB));
  }

  private static ServiceReach reach(List<String> exportTo) {
    return new ServiceReach(false, ServiceReach.Distribution.UNSET, exportTo);
  }

  private void headlessReachablePods() {
    FederationMesh mesh =
        new FederationMesh()
            .service("a", "web", "", HTTP, TCP)
            .service("b", "web", "", HTTP, TCP)
            .pod("a", "web-1", "10.1.0.1", MESH)
            .pod("b", "web-1", "10.2.0.1", MESH);
    FederationMesh.Seen a = mesh.seenBy(sidecar("a"));
    assertTrue(a.listeners().containsKey("10.1.0.1_5432"));
    assertFalse(a.listeners().containsKey("10.2.0.1_5432"));
    assertEquals(
        List.of("P0 10.1.0.1:5432 w1", "P1 192.0.2.2:15443 w1"), a.hosts(WEB_TCP), "by gateway");
    assertTrue(a.notes().stream().anyMatch(n -> n.contains("headless and TCP")), "told");
  }

  private void orderMeansNothing() {
    FederationMesh mesh =
        web()
            .slice(
                "a",
                "web",
                "web-x",
                new SliceEndpoint("10.1.0.1", Health.DRAINING, "", "", "web-1", ""),
                new SliceEndpoint("10.1.0.9", Health.UNHEALTHY, "", "", "", ""));
    List<Change> changes = new ArrayList<>(mesh.changes);
    changes.add(new Change.Settings(mesh.settings()));
    RegistryImage expected = mesh.image();
    for (int seed = 0; seed < 50; seed++) {
      Collections.shuffle(changes, new Random(seed));
      RegistryImage image = RegistryImage.empty();
      for (Change change : changes) {
        RegistryDelta delta = new RegistryDelta();
        delta.add(change);
        image = delta.apply(image).after();
      }
      assertTrue(expected.sameContent(image), "seed " + seed);
    }
    assertEquals(
        List.of("P0 10.1.0.1:8080 DRAINING w1", "P0 10.1.0.9:8080 UNHEALTHY w1 plain"),
        mesh.seenBy(sidecar("a")).hosts(WEB).stream().filter(h -> h.startsWith("P0")).toList());
  }

  private void nearFirst() {
    FederationMesh mesh =
        web()
            .node("a", "n2", "r1/z2")
            .pod("a", "web-2", List.of("10.1.0.2"), MESH, "n2", Health.HEALTHY);
    assertEquals(
        List.of("P0 10.1.0.1:8080 w1", "P1 10.1.0.2:8080 w1", "P2 192.0.2.2:15443 w1"),
        mesh.seenBy(sidecar("a")).hosts(WEB));
  }

  @org.junit.jupiter.api.Test
  void bothDirections() {
    FederationMesh mesh = web();
    assertEquals(
        List.of("P0 10.2.0.1:8080 w1", "P1 " + GATE_A + ":15443 w1"),
        mesh.seenBy(sidecar("b")).hosts(WEB));
  }
}
