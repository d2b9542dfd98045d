package io.portolan.registry.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.Change;
import io.portolan.registry.image.ImageChange;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
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
}
