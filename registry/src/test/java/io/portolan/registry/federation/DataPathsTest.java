package io.portolan.registry.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.Change;
import io.portolan.registry.image.RegistryDelta;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.ClusterHealth.Data;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.ServiceObject;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * East has a gateway of its own; west and south share the network and the gateways of mesh.yaml.
 */
class DataPathsTest {
  private final RegistryDelta delta = new RegistryDelta();

  DataPathsTest() {
    delta.add(new Change.Settings(settings(true)));
    delta.add(
        new Change.Put(
            new ServiceObject(
                new ObjectRef("east", Kind.SERVICE, "istio-system", "eastwest"),
                new Origin("test", 0),
                ServiceObject.Type.LOAD_BALANCER,
                "",
                List.of(),
                List.of("10.0.0.1"),
                List.of(),
                Map.of(),
                Map.of("topology.istio.io/network", "n-east"),
                Map.of(),
                false)));
  }

  private static MeshSettings settings(boolean probing) {
    MeshSettings base = MeshSettings.DEFAULT;
    var shared = new MeshSettings.GatewaySettings("10.0.0.2", "", 15443, Locality.UNKNOWN);
    var other = new MeshSettings.GatewaySettings("10.0.0.3", "", 15443, Locality.UNKNOWN);
    return new MeshSettings(
        base.trustDomain(),
        base.rootNamespace(),
        base.domain(),
        Map.of(),
        Map.of(
            "n-east",
            new MeshSettings.NetworkSettings(List.of("east"), List.of(), List.of(shared)),
            "n-west",
            new MeshSettings.NetworkSettings(
                List.of("west", "south"), List.of(), List.of(shared, other)),
            "n-none",
            new MeshSettings.NetworkSettings(List.of("alone"), List.of(), List.of())),
        false,
        base.connectTimeout(),
        null,
        base.localityLb(),
        new MeshSettings.GatewayProbe(
            probing, base.probe().interval(), base.probe().timeout(), 2, 3),
        base.clusterHealth());
  }

  private void probed(String network, String address, boolean up) {
    delta.add(new Change.GatewayHealth(network, address, 15443, up, "no TCP connection"));
  }

  private MemberEvent.DataPath path(String cluster, String local) {
    RegistryImage image = delta.apply(RegistryImage.empty()).after();
    return DataPaths.of(image, cluster, local);
  }

  @Test
  void aClustersOwnGatewaysCountAlone() {
    probed("n-east", "10.0.0.1", false);
    probed("n-east", "10.0.0.2", true);
    assertEquals(Data.LOST, path("east", "").data());
    assertEquals(
        "1 gateway does not answer, 10.0.0.1:15443: no TCP connection", path("east", "").reason());
  }

  @Test
  void elseAllGatewaysOfTheNetworkAndOneIsEnough() {
    probed("n-west", "10.0.0.2", false);
    assertEquals(Data.UNKNOWN, path("west", "").data());
    probed("n-west", "10.0.0.3", true);
    assertEquals(Data.OK, path("west", "").data());
    probed("n-west", "10.0.0.3", false);
    assertEquals(Data.LOST, path("west", "").data());
    assertEquals(Data.LOST, path("south", "").data());
    assertTrue(path("west", "").reason().startsWith("2 gateways do not answer"));
  }

  @Test
  void unknownSaysWhy() {
    assertEquals("gateways were not probed yet", path("east", "").reason());
    assertEquals("no gateway is known", path("alone", "").reason());
    probed("n-west", "10.0.0.2", false);
    probed("n-west", "10.0.0.3", false);
    assertEquals("it shares the network of this control plane", path("west", "south").reason());
    assertEquals(Data.UNKNOWN, path("west", "west").data());
    assertEquals(Data.LOST, path("west", "east").data());
    delta.add(new Change.Settings(settings(false)));
    assertEquals("gateways are not probed", path("west", "east").reason());
  }
}
