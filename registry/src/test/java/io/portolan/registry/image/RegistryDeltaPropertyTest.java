package io.portolan.registry.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.Change;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.NodeObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.PodObject;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.ServiceEntryObject;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.SliceObject;
import io.portolan.registry.model.WorkloadSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Invariant 2: any batching and order of the same final facts gives the same image. */
class RegistryDeltaPropertyTest {
  private static final Origin ORIGIN = new Origin("test", 1);

  @Property(tries = 300)
  void anyBatchingGivesTheSameImage(@ForAll long seed) {
    Random random = new Random(seed);
    List<Change> changes = changes(random);
    RegistryImage whole = applyInBatches(changes, List.of(changes.size()));
    List<Integer> sizes = new ArrayList<>();
    for (int left = changes.size(); left > 0; ) {
      int size = 1 + random.nextInt(left);
      sizes.add(size);
      left -= size;
    }
    assertSame(whole, applyInBatches(changes, sizes));
    assertSame(whole, applyInBatches(changes, Collections.nCopies(changes.size(), 1)));
  }

  @Property(tries = 200)
  void orderOfDifferentObjectsDoesNotMatter(@ForAll long seed) {
    Random random = new Random(seed);
    Map<ObjectRef, Change> last = new HashMap<>();
    for (Change change : changes(random)) {
      if (change instanceof Change.Put put) {
        last.put(put.object().ref(), change);
      }
    }
    List<Change> one = new ArrayList<>(last.values());
    List<Change> two = new ArrayList<>(one);
    Collections.shuffle(two, random);
    assertSame(
        applyInBatches(one, List.of(one.size())),
        applyInBatches(two, Collections.nCopies(two.size(), 1)));
  }

  private static void assertSame(RegistryImage expected, RegistryImage actual) {
    assertEquals(expected.settings(), actual.settings());
    assertEquals(expected.services(), actual.services());
    assertEquals(expected.gateways(), actual.gateways());
    assertEquals(expected.clusters(), actual.clusters());
    assertTrue(expected.sameContent(actual));
  }

  private static RegistryImage applyInBatches(List<Change> changes, List<Integer> sizes) {
    RegistryImage image = RegistryImage.empty();
    int at = 0;
    for (int size : sizes) {
      RegistryDelta delta = new RegistryDelta();
      changes.subList(at, at + size).forEach(delta::add);
      image = delta.apply(image).after();
      at += size;
    }
    return image;
  }

  private static List<Change> changes(Random random) {
    List<Change> changes = new ArrayList<>();
    int count = 1 + random.nextInt(40);
    for (int i = 0; i < count; i++) {
      changes.add(change(random));
    }
    return changes;
  }

  private static Change change(Random random) {
    String cluster = "c" + random.nextInt(2);
    String namespace = "n" + random.nextInt(2);
    String name = "o" + random.nextInt(3);
    switch (random.nextInt(14)) {
      case 0 -> {
        return new Change.DropCluster(cluster);
      }
      case 1 -> {
        Kind kind = List.of(Kind.SERVICE, Kind.POD, Kind.ENDPOINT_SLICE).get(random.nextInt(3));
        return new Change.Remove(new ObjectRef(cluster, kind, namespace, name));
      }
      case 2 -> {
        return new Change.Settings(settings("net" + random.nextInt(2)));
      }
      case 3 -> {
        return new Change.Put(
            new NodeObject(
                new ObjectRef(cluster, Kind.NODE, "", "node" + random.nextInt(2)),
                ORIGIN,
                new Locality("r" + random.nextInt(2), "z", "")));
      }
      case 4, 5, 6 -> {
        return new Change.Put(service(cluster, namespace, name, random));
      }
      case 12, 13 -> {
        return new Change.Put(entry(cluster, namespace, name, random));
      }
      case 7, 8 -> {
        return new Change.Put(slice(cluster, namespace, name, random));
      }
      default -> {
        return new Change.Put(pod(cluster, namespace, name, random));
      }
    }
  }

  private static MeshSettings settings(String network) {
    MeshSettings base = MeshSettings.DEFAULT;
    return new MeshSettings(
        base.trustDomain(),
        base.rootNamespace(),
        base.domain(),
        Map.of("c0", new MeshSettings.ClusterSettings("c0", network, Locality.parse("r0/z0"))),
        Map.of(),
        false,
        base.connectTimeout(),
        null,
        base.localityLb(),
        base.probe(),
        base.clusterHealth());
  }

  private static ServiceObject service(String cluster, String ns, String name, Random random) {
    Map<String, String> selector =
        random.nextBoolean() ? Map.of("app", "a" + random.nextInt(2)) : Map.of();
    Map<String, String> labels =
        random.nextInt(4) == 0 ? Map.of("topology.istio.io/network", "net0") : Map.of();
    List<String> external =
        random.nextInt(4) == 0 ? List.of("10.9.9." + random.nextInt(2)) : List.of();
    return new ServiceObject(
        new ObjectRef(cluster, Kind.SERVICE, ns, name),
        ORIGIN,
        ServiceObject.Type.CLUSTER_IP,
        "",
        List.of("10.96.0." + random.nextInt(3)),
        external,
        List.of(new ServicePort(80, "http", PortProtocol.HTTP, 8080, "")),
        selector,
        labels,
        Map.of(),
        false);
  }

  /** An entry whose endpoint is the name of a service of a network. */
  private static ServiceEntryObject entry(String cluster, String ns, String name, Random random) {
    String host = "o" + random.nextInt(3) + ".n" + random.nextInt(2) + ".svc.cluster.local";
    return new ServiceEntryObject(
        new ObjectRef(cluster, Kind.SERVICE_ENTRY, ns, name),
        ORIGIN,
        List.of(name + ".global"),
        List.of("240.0.0.1"),
        List.of(new ServicePort(81, "http", PortProtocol.HTTP, 80, "")),
        Resolution.DNS,
        random.nextBoolean(),
        List.of(
            new WorkloadSpec(
                host, Map.of(), Map.of(), "net" + random.nextInt(2), Locality.UNKNOWN, 0, "")),
        Map.of(),
        List.of(),
        List.of());
  }

  private static SliceObject slice(String cluster, String ns, String name, Random random) {
    String pod = random.nextBoolean() ? "o" + random.nextInt(3) : "";
    return new SliceObject(
        new ObjectRef(cluster, Kind.ENDPOINT_SLICE, ns, "s" + name),
        ORIGIN,
        "o" + random.nextInt(3),
        List.of(new SliceObject.SlicePort("http", 8080)),
        List.of(
            new SliceObject.SliceEndpoint(
                "10.1.0." + random.nextInt(4),
                random.nextBoolean() ? Health.HEALTHY : Health.UNHEALTHY,
                "node0",
                "",
                pod,
                "")));
  }

  private static PodObject pod(String cluster, String ns, String name, Random random) {
    return new PodObject(
        new ObjectRef(cluster, Kind.POD, ns, name),
        ORIGIN,
        List.of("10.1.0." + random.nextInt(4)),
        Map.of("app", "a" + random.nextInt(2), "security.istio.io/tlsMode", "istio"),
        "sa" + random.nextInt(2),
        "node" + random.nextInt(2),
        random.nextBoolean() ? Health.HEALTHY : Health.UNHEALTHY,
        List.of(),
        "",
        "");
  }
}
