package io.portolan.registry.federation;

import static io.portolan.registry.federation.FederationFixture.services;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.NamespaceObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Another cluster under a member's name, and one cluster under two names. */
class IdentityTest {
  private static final Set<Kind> KINDS = Set.of(Kind.NAMESPACE, Kind.SERVICE);

  @TempDir private Path directory = Path.of("");

  private FederationFixture mesh() {
    return new FederationFixture(directory);
  }

  private static MeshObject kubeSystem(String cluster, String uid) {
    return new NamespaceObject(
        new ObjectRef(cluster, Kind.NAMESPACE, "", NamespaceObject.IDENTIFYING),
        new Origin("/api/v1/namespaces", 0),
        Map.of(),
        uid);
  }

  private static void list(ClusterFeed feed, String cluster, String uid) {
    feed.listed(Kind.NAMESPACE, List.of(kubeSystem(cluster, uid)));
    feed.listed(Kind.SERVICE, services(cluster, 2));
  }

  private static String concerns(FederationFixture mesh) {
    return mesh.federation.concerns().toString();
  }

  @Test
  void theSameClusterIsSilent() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = mesh.federation.join("east", KINDS);
    list(feed, "east", "a");
    list(feed, "east", "a");
    list(mesh.federation.join("east", KINDS), "east", "a");
    feed.put(kubeSystem("east", "a"));
    assertEquals("[]", concerns(mesh));
    assertEquals(List.of(), mesh.replaced);
    assertEquals("a", mesh.status("east").uid());
  }

  @Test
  void anotherClusterThatAnswersIsSaidForADay() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = mesh.federation.join("east", KINDS);
    list(feed, "east", "a");
    list(feed, "east", "b");
    assertEquals(List.of("east"), mesh.replaced);
    assertTrue(concerns(mesh).contains("was a, is b"), concerns(mesh));
    mesh.pass(24 * 3600 - 1);
    assertTrue(concerns(mesh).contains("was a, is b"), concerns(mesh));
    mesh.pass(1);
    assertEquals("[]", concerns(mesh));
    assertEquals("b", mesh.status("east").uid());
  }

  @Test
  void aWatchAndANewReaderTellItToo() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = mesh.federation.join("east", KINDS);
    list(feed, "east", "a");
    feed.put(kubeSystem("east", "b"));
    ClusterFeed next = mesh.federation.join("east", KINDS);
    next.listed(Kind.NAMESPACE, List.of(kubeSystem("east", "c")));
    assertEquals(List.of("east"), mesh.replaced, "a new reader counts when it takes over");
    next.listed(Kind.SERVICE, services("east", 2));
    assertEquals(List.of("east", "east"), mesh.replaced);
    assertTrue(concerns(mesh).contains("was b, is c"), concerns(mesh));
  }

  @Test
  void aListThatIsHeldDownTellsItAtOnce() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = mesh.federation.join("east", KINDS);
    feed.listed(Kind.NAMESPACE, List.of(kubeSystem("east", "a")));
    feed.listed(Kind.SERVICE, services("east", 8));
    feed.listed(Kind.SERVICE, List.of());
    feed.listed(Kind.NAMESPACE, List.of(kubeSystem("east", "b")));
    assertEquals(8, mesh.inImage("east", Kind.SERVICE));
    assertEquals(List.of("east"), mesh.replaced);
  }

  @Test
  void theSnapshotRemembersWhoItWas() {
    FederationFixture before = mesh();
    list(before.federation.join("east", KINDS), "east", "a");
    before.pass(1);
    FederationFixture mesh = mesh();
    ClusterFeed feed = mesh.federation.join("east", KINDS);
    mesh.pass(3);
    assertEquals("a", mesh.status("east").uid(), "restored");
    list(feed, "east", "b");
    assertTrue(concerns(mesh).contains("was a, is b"), concerns(mesh));
  }

  @Test
  void oneClusterUnderTwoNamesIsReported() {
    FederationFixture mesh = mesh();
    list(mesh.federation.join("east", KINDS), "east", "a");
    list(mesh.federation.join("west", KINDS), "west", "a");
    list(mesh.federation.join("north", KINDS), "north", "n");
    String text = concerns(mesh);
    assertTrue(text.contains("clusters east, west"), text);
    assertTrue(text.contains("are one cluster"), text);
    mesh.federation.leave("west");
    mesh.pass(61);
    assertEquals("[]", concerns(mesh));
  }
}
