package io.portolan.registry.federation;

import static io.portolan.registry.federation.FederationFixture.KINDS;
import static io.portolan.registry.federation.FederationFixture.pod;
import static io.portolan.registry.federation.FederationFixture.pods;
import static io.portolan.registry.federation.FederationFixture.service;
import static io.portolan.registry.federation.FederationFixture.services;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.Change;
import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.model.ClusterCondition.Phase;
import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.ClusterHealth;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FederationTest {
  @TempDir private Path directory = Path.of("");

  private FederationFixture mesh() {
    return new FederationFixture(directory.resolve("clusters"));
  }

  private static ClusterFeed joined(FederationFixture mesh, String cluster, int count) {
    ClusterFeed feed = mesh.federation.join(cluster, KINDS);
    feed.listed(Kind.SERVICE, services(cluster, count));
    feed.listed(Kind.POD, pods(cluster, count, "p"));
    return feed;
  }

  @Test
  void nothingIsPublishedBeforeEveryKindIsListedAndThenInOneOffer() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = mesh.federation.join("east", KINDS);
    feed.listed(Kind.SERVICE, services("east", 3));
    feed.put(service("east", 9, 80));
    feed.put(pod("east", "early"));
    assertEquals(0, mesh.objectChangesSince(0).size());
    assertEquals(Phase.JOINING, mesh.condition("east").phase());
    int mark = mesh.offers.size();
    feed.listed(Kind.POD, pods("east", 2, "p"));
    assertEquals(mark + 1, mesh.offers.size());
    assertEquals(4, mesh.inImage("east", Kind.SERVICE));
    assertEquals(2, mesh.inImage("east", Kind.POD));
    assertEquals(Phase.LIVE, mesh.condition("east").phase());
  }

  @Test
  void equalObjectsPublishNothing() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = joined(mesh, "east", 5);
    int mark = mesh.offers.size();
    feed.listed(Kind.SERVICE, services("east", 5));
    feed.put(service("east", 2, 80));
    feed.remove(new ObjectRef("east", Kind.SERVICE, "n", "never"));
    feed.alive();
    assertEquals(mark, mesh.offers.size());
    feed.listed(Kind.SERVICE, services("east", 4));
    assertEquals(
        List.of(new Change.Remove(new ObjectRef("east", Kind.SERVICE, "n", "s4"))),
        mesh.objectChangesSince(mark));
  }

  @Test
  void anEmptyRelistIsHeldUntilAFurtherListAfterTheHoldDownSaysTheSame() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = joined(mesh, "east", 8);
    feed.listed(Kind.SERVICE, List.of());
    assertEquals(8, mesh.inImage("east", Kind.SERVICE));
    assertEquals(1, mesh.held.get("east/SERVICE"));
    assertEquals(0, mesh.status("east").held().getFirst().listed());
    assertEquals(Set.of(), feed.unconfirmed());
    mesh.pass(29);
    feed.listed(Kind.SERVICE, List.of());
    assertEquals(8, mesh.inImage("east", Kind.SERVICE));
    assertEquals(Set.of(), feed.unconfirmed());
    mesh.pass(1);
    assertEquals(Set.of(Kind.SERVICE), feed.unconfirmed());
    assertEquals(8, mesh.inImage("east", Kind.SERVICE));
    feed.listed(Kind.SERVICE, List.of());
    assertEquals(0, mesh.inImage("east", Kind.SERVICE));
    assertEquals(List.of(), mesh.status("east").held());
    assertEquals(1, mesh.status("east").heldTotal());
  }

  @Test
  void aListThatIsWholeAgainEndsTheDoubt() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = joined(mesh, "east", 8);
    int mark = mesh.offers.size();
    feed.listed(Kind.POD, pods("east", 3, "p"));
    mesh.pass(5);
    feed.listed(Kind.POD, pods("east", 8, "p"));
    assertEquals(List.of(), mesh.objectChangesSince(mark));
    assertEquals(List.of(), mesh.status("east").held());
  }

  @Test
  void lossOfMoreThanHalfIsDoubted() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = joined(mesh, "east", 8);
    feed.listed(Kind.SERVICE, services("east", 4));
    assertEquals(4, mesh.inImage("east", Kind.SERVICE));
    feed.listed(Kind.SERVICE, services("east", 1));
    assertEquals(4, mesh.inImage("east", Kind.SERVICE));
    // What an API server that lost everything has by itself: one Service of three.
    ClusterFeed tiny = joined(mesh, "tiny", 3);
    tiny.listed(Kind.SERVICE, services("tiny", 1));
    assertEquals(3, mesh.inImage("tiny", Kind.SERVICE));
  }

  @Test
  void kindsOfFewerObjectsThanTheMinimumAreBelievedUnlessTheyAreEmpty() {
    ClusterHealth.Relist rule = new ClusterHealth.Relist(4, Duration.ofSeconds(30));
    assertFalse(HeldRelist.doubted(3, 1, rule));
    assertTrue(HeldRelist.doubted(3, 0, rule));
    assertTrue(HeldRelist.doubted(4, 1, rule));
    assertFalse(HeldRelist.doubted(4, 2, rule));
    assertFalse(HeldRelist.doubted(0, 0, rule));
  }

  @Test
  void aRolloutThatRenamesEveryPodIsNotDoubted() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = joined(mesh, "east", 8);
    feed.listed(Kind.POD, pods("east", 8, "new"));
    assertEquals(8, mesh.inImage("east", Kind.POD));
    assertEquals(List.of(), mesh.status("east").held());
  }

  @Test
  void deletionsOfAWatchAreBelieved() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = joined(mesh, "east", 8);
    services("east", 8).forEach(s -> feed.remove(s.ref()));
    assertEquals(0, mesh.inImage("east", Kind.SERVICE));
    assertEquals(0, mesh.held.size());
  }

  @Test
  void aWatchGoesOnWhileAListIsHeld() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = joined(mesh, "east", 8);
    feed.listed(Kind.SERVICE, services("east", 1));
    feed.put(service("east", 20, 80));
    feed.remove(service("east", 7, 80).ref());
    assertEquals(8, mesh.inImage("east", Kind.SERVICE));
    mesh.pass(30);
    feed.listed(Kind.SERVICE, List.of(service("east", 0, 80), service("east", 20, 80)));
    assertEquals(2, mesh.inImage("east", Kind.SERVICE));
  }

  @Test
  void watchDeletionsCanMakeAHeldListBelievable() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = joined(mesh, "east", 8);
    feed.listed(Kind.SERVICE, services("east", 2));
    for (int i = 7; i >= 4; i--) {
      feed.remove(service("east", i, 80).ref());
    }
    assertEquals(2, mesh.inImage("east", Kind.SERVICE));
    assertEquals(List.of(), mesh.status("east").held());
  }

  @Test
  void aReplacementPublishesExactlyTheDifference() {
    FederationFixture mesh = mesh();
    ClusterFeed old = joined(mesh, "east", 8);
    int mark = mesh.offers.size();
    ClusterFeed same = mesh.federation.join("east", KINDS);
    same.listed(Kind.SERVICE, services("east", 8));
    assertTrue(mesh.status("east").replacement().contains("POD"));
    old.put(service("east", 3, 80));
    same.listed(Kind.POD, pods("east", 8, "p"));
    assertEquals(mark, mesh.offers.size(), "the same world is no change at all");
    old.put(service("east", 30, 80));
    old.remove(service("east", 1, 80).ref());
    old.listed(Kind.SERVICE, List.of());
    old.failed("token expired");
    assertEquals(mark, mesh.offers.size(), "a replaced reader says nothing any more");
    ClusterFeed third = mesh.federation.join("east", KINDS);
    third.listed(Kind.POD, pods("east", 8, "p"));
    third.put(service("east", 3, 8080));
    third.listed(Kind.SERVICE, new ArrayList<>(services("east", 7)));
    assertEquals(
        List.of(new Change.Remove(new ObjectRef("east", Kind.SERVICE, "n", "s7"))),
        mesh.objectChangesSince(mark));
  }

  @Test
  void aReplacementThatNeverSyncsChangesNothingAndTheLatestWins() {
    FederationFixture mesh = mesh();
    ClusterFeed old = joined(mesh, "east", 8);
    int mark = mesh.offers.size();
    ClusterFeed wrong = mesh.federation.join("east", KINDS);
    wrong.listed(Kind.SERVICE, List.of());
    wrong.failed("Unauthorized");
    mesh.pass(5);
    assertTrue(mesh.status("east").replacement().contains("Unauthorized"));
    assertEquals(Phase.LIVE, mesh.condition("east").phase());
    old.put(service("east", 20, 80));
    assertEquals(1, mesh.objectChangesSince(mark).size());
    ClusterFeed latest = mesh.federation.join("east", KINDS);
    wrong.listed(Kind.POD, List.of());
    assertEquals(9, mesh.inImage("east", Kind.SERVICE));
    latest.listed(Kind.SERVICE, services("east", 8));
    latest.listed(Kind.POD, pods("east", 8, "p"));
    assertEquals(8, mesh.inImage("east", Kind.SERVICE));
    assertEquals("", mesh.status("east").replacement());
  }

  @Test
  void aReplacementThatSeesAnEmptyWorldIsHeldDownToo() {
    FederationFixture mesh = mesh();
    joined(mesh, "east", 8);
    ClusterFeed wrong = mesh.federation.join("east", KINDS);
    wrong.listed(Kind.SERVICE, List.of());
    wrong.listed(Kind.POD, pods("east", 8, "p"));
    assertEquals(8, mesh.inImage("east", Kind.SERVICE));
    mesh.pass(30);
    assertEquals(Set.of(Kind.SERVICE), wrong.unconfirmed());
    wrong.listed(Kind.SERVICE, List.of());
    assertEquals(0, mesh.inImage("east", Kind.SERVICE));
  }

  @Test
  void objectsOfAnotherClusterAreRejected() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = joined(mesh, "east", 2);
    int mark = mesh.offers.size();
    feed.put(service("west", 1, 80));
    feed.remove(service("west", 1, 80).ref());
    feed.listed(
        Kind.SERVICE, List.of(service("east", 0, 80), service("east", 1, 80), pod("east", "x")));
    assertEquals(mark, mesh.offers.size());
    assertEquals(3, mesh.status("east").rejected());
  }

  @Test
  void leavingDrainsThenDropsWhole() {
    FederationFixture mesh = mesh();
    joined(mesh, "east", 4);
    mesh.pass(1);
    mesh.federation.leave("east");
    assertEquals(Phase.DRAINING, mesh.condition("east").phase());
    assertEquals(Treatment.DEMOTE, mesh.condition("east").treatment());
    mesh.pass(30);
    assertEquals(Treatment.UNHEALTHY, mesh.condition("east").treatment());
    mesh.pass(30);
    assertFalse(mesh.image.clusters().containsKey("east"));
    assertFalse(mesh.image.conditions().containsKey("east"));
    assertEquals(List.of("east"), mesh.gone);
    assertEquals(List.of(), mesh.federation.status());
    assertFalse(java.nio.file.Files.exists(directory.resolve("clusters/east.snapshot")));
  }

  @Test
  void joiningAgainWhileDrainingCancels() {
    FederationFixture mesh = mesh();
    joined(mesh, "east", 4);
    mesh.federation.leave("east");
    mesh.pass(45);
    int mark = mesh.offers.size();
    ClusterFeed back = mesh.federation.join("east", KINDS);
    assertEquals(Treatment.KEEP, mesh.condition("east").treatment());
    back.listed(Kind.SERVICE, services("east", 4));
    back.listed(Kind.POD, pods("east", 4, "p"));
    mesh.pass(60);
    assertEquals(List.of(), mesh.objectChangesSince(mark));
    assertEquals(4, mesh.inImage("east", Kind.SERVICE));
    assertEquals(Phase.LIVE, mesh.condition("east").phase());
  }

  @Test
  void theHistoryIsBoundedAndHasReasons() {
    FederationFixture mesh = mesh();
    ClusterFeed feed = joined(mesh, "east", 4);
    for (int i = 0; i < 40; i++) {
      feed.failed("connection refused");
      mesh.pass(11);
      feed.alive();
      mesh.pass(6);
    }
    MemberStatus status = mesh.status("east");
    assertEquals(32, status.history().size());
    assertEquals(81, mesh.transitions);
    assertTrue(
        status.history().getFirst().to().reason().contains("control link"),
        status.history().getFirst().toString());
    assertTrue(mesh.condition("east").reason().contains(", since 2026-01-02T"));
  }

  @Test
  void manyThreadsLeaveTheImageAndTheMembersEqual() throws Exception {
    FederationFixture mesh = mesh();
    List<ClusterFeed> feeds = new ArrayList<>();
    for (String cluster : List.of("a", "b", "a", "b")) {
      feeds.add(joined(mesh, cluster, 6));
    }
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        String cluster = i % 2 == 0 ? "a" : "b";
        ClusterFeed feed = feeds.get(i % 4);
        int seed = i;
        running.add(
            threads.submit(
                () -> {
                  for (int n = 0; n < 200; n++) {
                    switch ((n + seed) % 4) {
                      case 0 -> feed.put(service(cluster, n % 9, 80 + seed));
                      case 1 -> feed.remove(service(cluster, n % 9, 80).ref());
                      case 2 -> feed.listed(Kind.SERVICE, services(cluster, 4 + n % 5));
                      default -> mesh.federation.join(cluster, KINDS);
                    }
                  }
                }));
      }
      for (Future<?> one : running) {
        one.get();
      }
    }
    for (String cluster : List.of("a", "b")) {
      var shown = new java.util.HashSet<MeshObject>();
      var image = mesh.image.clusters().get(cluster);
      for (Kind kind : KINDS) {
        image.all(kind).forEach(shown::add);
      }
      assertEquals(shown, new java.util.HashSet<>(mesh.federation.objects(cluster)));
    }
  }

  @Test
  void tenThousandJoinsAndLeavesLeaveNothing() {
    List<Runnable> neverRun = new ArrayList<>();
    FederationFixture mesh =
        new FederationFixture(directory, FederationOptions.DEFAULT, neverRun::add);
    mesh.times(Duration.ZERO, new ClusterHealth.Drain(Duration.ZERO, Duration.ZERO));
    for (int i = 0; i < 10_000; i++) {
      String cluster = "c" + i;
      joined(mesh, cluster, 1);
      mesh.federation.join(cluster, KINDS).listed(Kind.SERVICE, services(cluster, 1));
      mesh.federation.leave(cluster);
      mesh.offers.clear();
    }
    mesh.pass(1);
    assertEquals(List.of(), mesh.federation.status());
    assertTrue(mesh.image.clusters().isEmpty());
    assertTrue(mesh.image.conditions().isEmpty());
    assertTrue(mesh.image.services().isEmpty());
    assertEquals(10_000, mesh.gone.size());
    // One look for a snapshot and one deletion for each: nothing is queued again and again.
    assertEquals(20_000, neverRun.size());
  }
}
