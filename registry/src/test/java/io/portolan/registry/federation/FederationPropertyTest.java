package io.portolan.registry.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.Change;
import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.image.RegistryDelta;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class FederationPropertyTest {
  private static final List<String> CLUSTERS = List.of("a", "b");

  /**
   * Whatever readers say, in whatever order, with replacements, leaves and time: the image holds
   * what the members hold, at every moment, and however the offers are batched.
   */
  @Property(tries = 300)
  void theImageIsWhatTheMembersHold(@ForAll long seed) {
    Random random = new Random(seed);
    FederationFixture mesh =
        new FederationFixture(Path.of("unused"), FederationOptions.DEFAULT, task -> {});
    List<ClusterFeed> feeds = new ArrayList<>();
    List<String> owners = new ArrayList<>();
    for (int i = 0; i < 120; i++) {
      step(random, mesh, feeds, owners);
      assertSame(mesh, mesh.image);
    }
    RegistryDelta whole = new RegistryDelta();
    RegistryImage batched = RegistryImage.empty();
    RegistryDelta batch = new RegistryDelta();
    for (List<Change> offer : mesh.offers) {
      offer.forEach(whole::add);
      offer.forEach(batch::add);
      if (random.nextInt(5) == 0) {
        batched = batch.apply(batched).after();
        batch = new RegistryDelta();
      }
    }
    batched = batch.apply(batched).after();
    assertSame(mesh, batched);
    assertTrue(batched.sameContent(whole.apply(RegistryImage.empty()).after()));
    assertTrue(batched.sameContent(mesh.image));
  }

  private static void step(
      Random random, FederationFixture mesh, List<ClusterFeed> feeds, List<String> owners) {
    int choice = random.nextInt(30);
    if (choice < 2 || feeds.isEmpty()) {
      String cluster = CLUSTERS.get(random.nextInt(2));
      feeds.add(mesh.federation.join(cluster, FederationFixture.KINDS));
      owners.add(cluster);
      return;
    }
    if (choice == 2) {
      mesh.federation.leave(CLUSTERS.get(random.nextInt(2)));
      return;
    }
    if (choice < 6) {
      mesh.pass(random.nextInt(40));
      return;
    }
    // Mostly the newest readers, sometimes one that was replaced long ago.
    int at =
        random.nextInt(4) == 0
            ? random.nextInt(feeds.size())
            : feeds.size() - 1 - random.nextInt(Math.min(2, feeds.size()));
    ClusterFeed feed = feeds.get(at);
    String cluster = owners.get(at);
    MeshObject object =
        random.nextBoolean()
            ? FederationFixture.service(cluster, random.nextInt(6), 80 + random.nextInt(2))
            : FederationFixture.pod(cluster, "p" + random.nextInt(6));
    switch (random.nextInt(8)) {
      case 0, 1 -> feed.listed(Kind.SERVICE, some(random, FederationFixture.services(cluster, 6)));
      case 2, 3 -> feed.listed(Kind.POD, some(random, FederationFixture.pods(cluster, 6, "p")));
      case 4 -> feed.remove(object.ref());
      case 5 -> feed.failed("refused");
      default -> feed.put(object);
    }
  }

  private static List<MeshObject> some(Random random, List<MeshObject> all) {
    List<MeshObject> list = new ArrayList<>(all);
    int least = random.nextInt(3) == 0 ? 0 : 4;
    while (list.size() > least && random.nextInt(3) != 0) {
      list.remove(random.nextInt(list.size()));
    }
    return list;
  }

  private static void assertSame(FederationFixture mesh, RegistryImage image) {
    for (String cluster : CLUSTERS) {
      Set<MeshObject> held = new HashSet<>(mesh.federation.objects(cluster));
      Set<MeshObject> shown = new HashSet<>();
      var found = image.clusters().get(cluster);
      if (found != null) {
        for (Kind kind : Kind.values()) {
          found.all(kind).forEach(shown::add);
        }
      }
      assertEquals(held, shown);
    }
    for (MemberStatus status : mesh.federation.status()) {
      assertEquals(status.condition(), image.condition(status.cluster()));
    }
    assertEquals(mesh.federation.status().size(), image.conditions().size());
  }
}
