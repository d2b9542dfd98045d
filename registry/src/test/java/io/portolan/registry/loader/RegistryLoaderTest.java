package io.portolan.registry.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.Change;
import io.portolan.registry.image.ClusterImage;
import io.portolan.registry.image.ImageChange;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.NodeObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.PodObject;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.SliceObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The loop publishes what can be published, whatever one object does. */
class RegistryLoaderTest {
  private static final Origin ORIGIN = new Origin("test", 0);

  private static ObjectRef ref(Kind kind, String name) {
    return new ObjectRef("east", kind, "demo", name);
  }

  private static MeshObject service(String name) {
    return new ServiceObject(
        ref(Kind.SERVICE, name),
        ORIGIN,
        ServiceObject.Type.CLUSTER_IP,
        "",
        List.of("10.0.0.1"),
        List.of(),
        List.of(ServicePort.of(80, "http", PortProtocol.HTTP)),
        Map.of(),
        Map.of(),
        Map.of(),
        false);
  }

  /** Something that says it is a service and is none: the assembly of its service fails. */
  private static MeshObject poison(String name) {
    return new PodObject(
        ref(Kind.SERVICE, name),
        ORIGIN,
        List.of(),
        Map.of(),
        "default",
        "",
        Health.HEALTHY,
        List.of(),
        "",
        "");
  }

  private static MeshObject slice(String service) {
    return new SliceObject(
        ref(Kind.ENDPOINT_SLICE, service + "-x"),
        ORIGIN,
        service,
        List.of(new SliceObject.SlicePort("http", 8080)),
        List.of(new SliceObject.SliceEndpoint("10.1.0.1", Health.HEALTHY, "", "", "", "")));
  }

  private static ImageChange next(BlockingQueue<ImageChange> published)
      throws InterruptedException {
    ImageChange change = published.poll(20, TimeUnit.SECONDS);
    assertNotNull(change, "a step in 20 s");
    return change;
  }

  /** Every kind has a watch of its own: a slice may come a step before its service. */
  @Test
  void whatNobodySeesYetIsKept() throws Exception {
    BlockingQueue<ImageChange> published = new LinkedBlockingQueue<>();
    try (RegistryLoader loader = new RegistryLoader(Set.of("test"), published::add)) {
      loader.synced("test");
      loader.start();
      next(published);
      loader.offer("test", List.of(new Change.Put(slice("web"))));
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (loader.current().clusters().isEmpty() && System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      assertEquals(1, loader.current().clusters().get("east").count(Kind.ENDPOINT_SLICE));
      assertTrue(published.isEmpty(), "nobody is told of what nobody sees");
      loader.offer("test", List.of(new Change.Put(service("web"))));
      ImageChange second = next(published);
      assertEquals(1, second.after().services().values().iterator().next().endpoints().size());
    }
  }

  @Test
  void aPoisonedObjectCostsNoOther() throws Exception {
    BlockingQueue<ImageChange> published = new LinkedBlockingQueue<>();
    try (RegistryLoader loader = new RegistryLoader(Set.of("test"), published::add)) {
      List<Change> changes = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        changes.add(new Change.Put(service("s" + i)));
      }
      changes.add(new Change.Put(poison("bad")));
      changes.add(new Change.Put(slice("bad")));
      changes.add(new Change.Put(slice("s3")));
      loader.offer("test", changes);
      loader.synced("test");
      loader.start();
      ImageChange first = published.poll(20, TimeUnit.SECONDS);
      assertNotNull(first, "published in the end");
      assertEquals(20, first.after().services().size());
      assertEquals(20, first.services().size(), "one step names all of them");
      assertTrue(
          first.after().services().values().stream().anyMatch(s -> s.endpoints().size() == 1));
      assertEquals(1, loader.rejected());

      loader.offer("test", List.of(new Change.Put(service("later"))));
      ImageChange second = published.poll(20, TimeUnit.SECONDS);
      assertNotNull(second, "the loop goes on");
      assertEquals(21, second.after().services().size());
    }
  }

  /** A node comes before its pods: no reader sees it then, and it counts all the same. */
  @Test
  void whatNobodySeesYetIsInTheImage() throws Exception {
    BlockingQueue<ImageChange> published = new LinkedBlockingQueue<>();
    try (RegistryLoader loader = new RegistryLoader(Set.of("test"), published::add)) {
      loader.offer("test", List.of(new Change.Put(service("s"))));
      loader.synced("test");
      loader.start();
      assertNotNull(published.poll(20, TimeUnit.SECONDS));
      Locality zone = Locality.parse("region/zone");
      loader.offer(
          "test",
          List.of(
              new Change.Put(
                  new NodeObject(new ObjectRef("east", Kind.NODE, "", "n1"), ORIGIN, zone))));
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (node(loader) == null && System.nanoTime() < end) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
      }
      assertNotNull(node(loader), "it is in the image");
      assertTrue(published.isEmpty(), "nobody is told");

      loader.offer(
          "test",
          List.of(
              new Change.Put(
                  new SliceObject(
                      ref(Kind.ENDPOINT_SLICE, "s-x"),
                      ORIGIN,
                      "s",
                      List.of(new SliceObject.SlicePort("http", 8080)),
                      List.of(
                          new SliceObject.SliceEndpoint(
                              "10.1.0.1", Health.HEALTHY, "n1", "", "", ""))))));
      ImageChange third = published.poll(20, TimeUnit.SECONDS);
      assertNotNull(third);
      assertEquals(
          zone,
          third.after().services().values().iterator().next().endpoints().getFirst().locality());
    }
  }

  private static @Nullable MeshObject node(RegistryLoader loader) {
    ClusterImage cluster = loader.current().clusters().get("east");
    return cluster == null ? null : cluster.get(new ObjectRef("east", Kind.NODE, "", "n1"));
  }
}
