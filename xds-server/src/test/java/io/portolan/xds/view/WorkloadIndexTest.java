package io.portolan.xds.view;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portolan.registry.change.Change;
import io.portolan.registry.image.ImageChange;
import io.portolan.registry.image.MeshService;
import io.portolan.registry.image.RegistryDelta;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.image.ServiceKey;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.SliceObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class WorkloadIndexTest {
  private static final Origin ORIGIN = new Origin("test", 1);
  private static final int ADDRESSES = 6;

  @Property(tries = 300)
  void followsEveryChangeAsIfMadeAnew(@ForAll long seed) {
    Random random = new Random(seed);
    RegistryImage image = RegistryImage.empty();
    WorkloadIndex index = WorkloadIndex.of(List.of());
    for (int step = 0; step < 30; step++) {
      RegistryDelta delta = new RegistryDelta();
      for (int i = 0; i <= random.nextInt(3); i++) {
        change(random).forEach(delta::add);
      }
      ImageChange change = delta.apply(image);
      index = index.with(change.before(), change.after(), change.services());
      image = change.after();
      for (int cluster = 0; cluster < 2; cluster++) {
        for (int a = 0; a < ADDRESSES; a++) {
          assertEquals(
              scan(image, "c" + cluster, "10.0.0." + a), index.at("c" + cluster, "10.0.0." + a));
        }
      }
    }
  }

  private static List<ServiceKey> scan(RegistryImage image, String cluster, String address) {
    return image.services().values().stream()
        .filter(s -> s.resolution() == Resolution.STATIC)
        .filter(
            s ->
                s.endpoints().stream()
                    .anyMatch(e -> e.cluster().equals(cluster) && e.address().equals(address)))
        .map(MeshService::key)
        .sorted()
        .toList();
  }

  private static List<Change> change(Random random) {
    String cluster = "c" + random.nextInt(2);
    String name = "s" + random.nextInt(3);
    ObjectRef service = new ObjectRef(cluster, Kind.SERVICE, "demo", name);
    ObjectRef slice = new ObjectRef(cluster, Kind.ENDPOINT_SLICE, "demo", name + "-x");
    return switch (random.nextInt(4)) {
      case 0 -> List.of(new Change.Remove(service));
      case 1 -> List.of(new Change.Remove(slice));
      default ->
          List.of(
              new Change.Put(
                  new ServiceObject(
                      service,
                      ORIGIN,
                      ServiceObject.Type.CLUSTER_IP,
                      "",
                      List.of("10.96.0.1"),
                      List.of(),
                      List.of(new ServicePort(80, "http", PortProtocol.HTTP, 8080, "")),
                      Map.of("app", name),
                      Map.of(),
                      Map.of(),
                      false)),
              new Change.Put(
                  new SliceObject(
                      slice,
                      ORIGIN,
                      name,
                      List.of(new SliceObject.SlicePort("http", 8080)),
                      endpoints(random))));
    };
  }

  private static List<SliceObject.SliceEndpoint> endpoints(Random random) {
    List<SliceObject.SliceEndpoint> endpoints = new ArrayList<>();
    for (int a = 0; a < ADDRESSES; a++) {
      if (random.nextBoolean()) {
        Health health = random.nextBoolean() ? Health.HEALTHY : Health.UNHEALTHY;
        endpoints.add(new SliceObject.SliceEndpoint("10.0.0." + a, health, "", "", "", ""));
      }
    }
    return endpoints;
  }
}
