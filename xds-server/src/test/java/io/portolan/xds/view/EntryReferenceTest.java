package io.portolan.xds.view;

import static io.portolan.xds.view.FederationMesh.HTTP;
import static io.portolan.xds.view.FederationMesh.MESH;
import static io.portolan.xds.view.FederationMesh.ORIGIN;
import static io.portolan.xds.view.FederationMesh.made;
import static io.portolan.xds.view.FederationMesh.ref;
import static io.portolan.xds.view.FederationMesh.sidecar;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.image.Concern;
import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.ServiceEntryObject;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.ServiceReach;
import io.portolan.registry.model.WorkloadSpec;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** ServiceEntries resolved by DNS whose endpoints are in other networks. */
class EntryReferenceTest {
  private static final ServicePort PORT = new ServicePort(81, "web", PortProtocol.HTTP, 81, "");
  private static final String GLOBAL = "outbound|81||web.global";
  private static final String SNI = "outbound_.80_._.web.demo.svc.cluster.local";

  private static WorkloadSpec at(String address, String network, String account) {
    return new WorkloadSpec(
        address,
        address.endsWith(".local") ? Map.of("web", 80) : Map.of(),
        Map.of(),
        network,
        Locality.UNKNOWN,
        0,
        account);
  }

  private static FederationMesh entry(
      FederationMesh mesh, boolean internal, Resolution resolution, WorkloadSpec... endpoints) {
    return mesh.put(
        new ServiceEntryObject(
            ref("a", Kind.SERVICE_ENTRY, "web-global"),
            ORIGIN,
            List.of("web.global"),
            List.of("240.0.0.1"),
            List.of(PORT),
            resolution,
            internal,
            List.of(endpoints),
            Map.of(),
            List.of(),
            List.of()));
  }

  private static FederationMesh web() {
    return new FederationMesh()
        .service("b", "web", "10.97.0.1", HTTP)
        .pod("b", "web-1", "10.2.0.1", MESH)
        .pod("b", "web-2", "10.2.0.2", MESH);
  }

  private static final WorkloadSpec THERE = at("web.demo.svc.cluster.local", "net-b", "");

  @Test
  void theNameOfAServiceThereIsThatService() {
    FederationMesh mesh = entry(web(), false, Resolution.DNS, THERE);
    FederationMesh.Seen a = mesh.seenBy(sidecar("a"));
    assertEquals(List.of("P0 192.0.2.2:15443 w1"), a.hosts(GLOBAL));
    ClusterView cluster = a.cluster(GLOBAL);
    assertEquals(Resolution.STATIC, cluster.resolution());
    assertTrue(cluster.http2());
    assertEquals(
        List.of(new ClusterView.Target(SNI, List.of("spiffe://mesh.example/ns/demo/sa/web"))),
        cluster.targets());
    assertTrue(a.domains(81, "web.global").contains("240.0.0.1"));
    FederationMesh.Seen b = mesh.seenBy(sidecar("b"));
    assertEquals(List.of("P0 10.2.0.1:8080 w1", "P0 10.2.0.2:8080 w1"), b.hosts(GLOBAL));
    assertEquals(
        List.of(SNI, SNI), b.assignment(GLOBAL).hosts().map(AssignmentView.Host::target).toList());
  }

  @Test
  void theClustersConditionActsOnIt() {
    FederationMesh mesh =
        entry(web(), false, Resolution.DNS, THERE, at("other.example", "", ""))
            .condition("b", Treatment.UNHEALTHY, "lost");
    assertEquals(
        List.of("P0 other.example:81 w1 plain", "P1 192.0.2.2:15443 UNHEALTHY w2"),
        inline(mesh.seenBy(sidecar("a"))));
    mesh.condition("b", Treatment.WITHDRAW, "lost");
    assertEquals(List.of("P0 other.example:81 w1 plain"), inline(mesh.seenBy(sidecar("a"))));
  }

  private static List<String> inline(FederationMesh.Seen seen) {
    ClusterView cluster = seen.cluster(GLOBAL);
    assertEquals(Resolution.DNS, cluster.resolution());
    assertNotNull(cluster.hosts());
    return FederationMesh.Seen.lines(cluster.hosts());
  }

  @Test
  void conditionsActOnNamesOfTheMesh() {
    FederationMesh mesh =
        new FederationMesh()
            .put(
                new ServiceEntryObject(
                    ref("b", Kind.SERVICE_ENTRY, "web-global"),
                    ORIGIN,
                    List.of("web.global"),
                    List.of(),
                    List.of(PORT),
                    Resolution.DNS,
                    true,
                    List.of(at("vm.example", "net-a", ""), at("vm-2.example", "net-a", "")),
                    Map.of(),
                    List.of(),
                    List.of()));
    assertEquals(
        List.of("P0 vm-2.example:81 w1 plain", "P0 vm.example:81 w1 plain"),
        inline(mesh.seenBy(sidecar("a"))));
    mesh.condition("b", Treatment.UNHEALTHY, "lost");
    assertEquals(
        List.of("P0 vm-2.example:81 UNHEALTHY w1 plain", "P0 vm.example:81 UNHEALTHY w1 plain"),
        inline(mesh.seenBy(sidecar("a"))));
  }

  @Test
  void aServiceThatNoClusterShowsIsReachedByItsNameAllTheSame() {
    FederationMesh mesh = entry(new FederationMesh(), false, Resolution.DNS, THERE);
    FederationMesh.Seen a = mesh.seenBy(sidecar("a"));
    assertEquals(List.of("P0 192.0.2.2:15443 w1"), a.hosts(GLOBAL));
    assertEquals(List.of(new ClusterView.Target(SNI, List.of())), a.cluster(GLOBAL).targets());
    assertEquals(List.of("P0 web.demo.svc.cluster.local:80 w1"), inline(mesh.seenBy(sidecar("b"))));
  }

  @Test
  void aServiceWithoutReadyPodsHasNone() {
    FederationMesh mesh =
        entry(
            new FederationMesh().service("b", "web", "10.97.0.1", HTTP),
            false,
            Resolution.DNS,
            THERE);
    assertEquals(List.of(), mesh.seenBy(sidecar("a")).hosts(GLOBAL));
  }

  @Test
  void aServiceThatIsNotExportedIsNotFound() {
    ServiceReach own = new ServiceReach(false, ServiceReach.Distribution.UNSET, List.of("x"));
    FederationMesh mesh =
        entry(
            new FederationMesh()
                .put(made("b", "web", "10.97.0.1", own, HTTP))
                .pod("b", "web-1", "10.2.0.1", MESH),
            false,
            Resolution.DNS,
            THERE);
    assertTrue(
        mesh.find("web.global").endpoints().stream()
            .allMatch(e -> e.workload().equals("web-global")));
  }

  @Test
  void whereTheNetworkIsNotSaidOrTheProxysOwnTheNameIsResolved() {
    FederationMesh mesh =
        entry(
            web(),
            false,
            Resolution.DNS,
            at("web.demo.svc.cluster.local", "", ""),
            at("near.example", "net-a", ""));
    assertEquals(
        List.of("P0 near.example:81 w1 plain", "P0 web.demo.svc.cluster.local:80 w1 plain"),
        inline(mesh.seenBy(sidecar("a"))));
  }

  @Test
  void machinesOfAnotherNetworkGoThroughItsGatewayInMutualTls() {
    FederationMesh mesh =
        entry(
            new FederationMesh(),
            true,
            Resolution.DNS,
            at("198.51.100.7", "net-b", "vm"),
            at("vm.example", "net-b", "vm"),
            at("198.51.100.8", "net-b", ""),
            at("198.51.100.9", "net-dark", "vm"));
    FederationMesh.Seen a = mesh.seenBy(sidecar("a"));
    assertEquals(List.of("P0 192.0.2.2:15443 w1"), a.hosts(GLOBAL));
    assertEquals(List.of(), a.cluster(GLOBAL).targets(), "by the SNI of the entry itself");
    assertEquals(List.of("spiffe://mesh.example/ns/demo/sa/vm"), a.cluster(GLOBAL).identities());
    assertEquals(
        List.of("P0 198.51.100.7:81 w1", "P0 198.51.100.8:81 w1 plain", "P0 vm.example:81 w1"),
        FederationMesh.Seen.lines(mesh.seenBy(sidecar("b")).cluster(GLOBAL).hosts()));
  }

  @Test
  void aNetworkWithoutGatewayIsReported() {
    FederationMesh mesh =
        entry(web(), false, Resolution.DNS, at("web.demo.svc.cluster.local", "net-dark", ""));
    assertEquals(List.of(), mesh.seenBy(sidecar("a")).hosts(GLOBAL));
    assertTrue(
        Concern.of(mesh.image()).stream()
            .anyMatch(
                c -> c.about().equals("network net-dark") && c.text().contains("has no gateway")),
        Concern.of(mesh.image()).toString());
  }

  @Test
  void namesOutsideAreNoConcern() {
    FederationMesh mesh = entry(web(), false, Resolution.DNS, at("api.example", "", ""));
    assertFalse(
        Concern.of(mesh.image()).stream().anyMatch(c -> c.text().contains("api.example")),
        Concern.of(mesh.image()).toString());
  }
}
