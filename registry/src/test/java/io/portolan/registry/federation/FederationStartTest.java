package io.portolan.registry.federation;

import static io.portolan.registry.federation.FederationFixture.KINDS;
import static io.portolan.registry.federation.FederationFixture.pods;
import static io.portolan.registry.federation.FederationFixture.service;
import static io.portolan.registry.federation.FederationFixture.services;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.model.ClusterCondition.Phase;
import io.portolan.registry.model.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Start, restart, and what the disk has to do with it. */
class FederationStartTest {
  @TempDir private Path temp = Path.of("");
  private Path directory = temp;

  @BeforeEach
  void directory() {
    directory = temp.resolve("clusters");
  }

  private FederationFixture mesh() {
    return new FederationFixture(directory);
  }

  private static void list(ClusterFeed feed, String cluster, int count) {
    feed.listed(Kind.SERVICE, services(cluster, count));
    feed.listed(Kind.POD, pods(cluster, count, "p"));
  }

  /** A process that read the cluster and wrote its snapshot. */
  private void ranBefore(String cluster, int count) {
    FederationFixture mesh = mesh();
    list(mesh.federation.join(cluster, KINDS), cluster, count);
    mesh.pass(1);
  }

  private Path file(String cluster) {
    return directory.resolve(cluster + ".snapshot");
  }

  @Test
  void readinessWaitsForEveryMemberThatWasAnnounced() {
    FederationFixture mesh = mesh();
    ClusterFeed east = mesh.federation.join("east", KINDS);
    ClusterFeed west = mesh.federation.join("west", KINDS);
    mesh.federation.complete();
    list(east, "east", 2);
    assertEquals(List.of(), mesh.synced);
    assertEquals(List.of("west"), mesh.federation.waitingFor());
    list(west, "west", 2);
    assertEquals(List.of(Federation.SOURCE), mesh.synced);
    mesh.pass(100);
    assertEquals(1, mesh.synced.size());
  }

  @Test
  void anUnreachableClusterDelaysTheOthersByTheGraceAtMost() {
    FederationFixture mesh = mesh();
    list(mesh.federation.join("east", KINDS), "east", 2);
    ClusterFeed west = mesh.federation.join("west", KINDS);
    mesh.federation.complete();
    west.failed("connection refused");
    mesh.pass(9);
    assertEquals(List.of(), mesh.synced);
    mesh.pass(1);
    assertEquals(1, mesh.synced.size());
    assertEquals(0, mesh.inImage("west", Kind.SERVICE));
    assertEquals(Phase.JOINING, mesh.condition("west").phase());
    list(west, "west", 2);
    assertEquals(2, mesh.inImage("west", Kind.SERVICE));
  }

  @Test
  void aRequiredClusterIsWaitedForWhateverTheGrace() {
    FederationFixture mesh =
        new FederationFixture(
            directory,
            new FederationOptions("home", Set.of("home"), Duration.ofSeconds(10)),
            Runnable::run);
    list(mesh.federation.join("east", KINDS), "east", 2);
    mesh.pass(100);
    assertEquals(List.of(), mesh.synced);
    assertEquals(List.of("home"), mesh.federation.waitingFor());
    list(mesh.federation.join("home", KINDS), "home", 2);
    assertEquals(1, mesh.synced.size());
  }

  @Test
  void nobodySaysThatTheMembersAreComplete() {
    FederationFixture mesh = mesh();
    list(mesh.federation.join("east", KINDS), "east", 2);
    mesh.pass(9);
    assertEquals(List.of(), mesh.synced);
    mesh.pass(1);
    assertEquals(1, mesh.synced.size());
  }

  @Test
  void aClusterThatAnswersQuicklyIsNeverShownAsItWas() {
    ranBefore("east", 3);
    FederationFixture mesh = mesh();
    ClusterFeed feed = mesh.federation.join("east", KINDS);
    mesh.pass(2);
    assertEquals(0, mesh.objectChangesSince(0).size());
    list(feed, "east", 4);
    assertEquals(8, mesh.objectChangesSince(0).size());
    assertFalse(mesh.condition("east").restored());
  }

  @Test
  void aClusterThatDoesNotAnswerIsRestoredAndMarked() {
    ranBefore("east", 3);
    FederationFixture mesh = mesh();
    mesh.wall = mesh.wall.plusSeconds(7200);
    ClusterFeed feed = mesh.federation.join("east", KINDS);
    mesh.federation.complete();
    feed.failed("connection refused");
    mesh.pass(3);
    assertEquals(3, mesh.inImage("east", Kind.SERVICE));
    assertEquals(1, mesh.synced.size());
    assertTrue(mesh.condition("east").restored());
    assertTrue(
        mesh.condition("east").reason().contains("the snapshot of 2026-01-02T03:04:06Z (PT2H"),
        mesh.condition("east").reason());
    mesh.pass(10);
    assertEquals(Phase.STALE, mesh.condition("east").phase());
    int mark = mesh.offers.size();
    list(feed, "east", 3);
    assertEquals(List.of(), mesh.objectChangesSince(mark));
    mesh.pass(6);
    assertEquals(Phase.LIVE, mesh.condition("east").phase());
    assertFalse(mesh.condition("east").restored());
  }

  @Test
  void theFirstListIsComparedWithTheSnapshot() {
    ranBefore("east", 8);
    FederationFixture mesh = mesh();
    ClusterFeed feed = mesh.federation.join("east", KINDS);
    feed.listed(Kind.POD, pods("east", 8, "p"));
    feed.listed(Kind.SERVICE, List.of());
    assertEquals(8, mesh.inImage("east", Kind.SERVICE));
    assertEquals(1, mesh.held.get("east/SERVICE"));
    mesh.pass(30);
    feed.listed(Kind.SERVICE, List.of());
    assertEquals(0, mesh.inImage("east", Kind.SERVICE));
  }

  @Test
  void clustersOfSnapshotsAreRestoredBeforeAnybodyAnnouncesThem() {
    ranBefore("east", 3);
    ranBefore("west", 3);
    FederationFixture mesh = mesh();
    mesh.federation.restoreKnown();
    mesh.pass(3);
    assertEquals(3, mesh.inImage("east", Kind.SERVICE));
    mesh.federation.join("east", KINDS);
    mesh.federation.complete();
    assertEquals(Phase.JOINING, mesh.condition("east").phase());
    assertEquals(Phase.DRAINING, mesh.condition("west").phase());
    mesh.pass(60);
    assertFalse(Files.exists(file("west")));
    assertTrue(Files.exists(file("east")));
    assertEquals(1, mesh.federation.status().size());
  }

  @Test
  void whatWasOnlyRestoredIsNotWrittenAgain() throws IOException {
    ranBefore("east", 3);
    byte[] written = Files.readAllBytes(file("east"));
    FederationFixture mesh = mesh();
    mesh.federation.join("east", KINDS);
    mesh.pass(60);
    assertEquals(written.length, Files.size(file("east")));
    assertEquals(-1, java.util.Arrays.mismatch(written, Files.readAllBytes(file("east"))));
  }

  @Test
  void snapshotsAreOwnerOnlyAndWrittenAtMostEveryTenSeconds() throws IOException {
    FederationFixture mesh = mesh();
    ClusterFeed feed = mesh.federation.join("east", KINDS);
    list(feed, "east", 2);
    mesh.pass(1);
    assertEquals(
        "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file("east"))));
    assertEquals(
        "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)));
    long first = Files.size(file("east"));
    feed.put(service("east", 77, 80));
    mesh.pass(9);
    assertEquals(first, Files.size(file("east")));
    mesh.pass(1);
    assertTrue(Files.size(file("east")) > first);
    try (var files = Files.list(directory)) {
      assertEquals(1, files.count());
    }
  }

  @Test
  void aDiskThatCannotBeWrittenHurtsNothing() throws IOException {
    Files.writeString(directory, "a file where the directory should be", StandardCharsets.UTF_8);
    FederationFixture mesh = mesh();
    ClusterFeed feed = mesh.federation.join("east", KINDS);
    list(feed, "east", 2);
    mesh.pass(1);
    assertEquals(1, mesh.snapshotFailures);
    assertTrue(
        mesh.status("east").snapshot().startsWith("not written: "), mesh.status("east").snapshot());
    feed.put(service("east", 9, 80));
    assertEquals(3, mesh.inImage("east", Kind.SERVICE));
    Files.delete(directory);
    mesh.pass(10);
    assertTrue(mesh.status("east").snapshot().startsWith("written"));
  }

  @Test
  void everyDamagedByteIsNoticedAndTheFilePutAside() throws IOException {
    ranBefore("east", 3);
    byte[] good = Files.readAllBytes(file("east"));
    for (int at = 0; at < good.length; at += 1 + good.length / 60) {
      byte[] bad = good.clone();
      bad[at] ^= 0x40;
      Files.write(file("east"), bad);
      FederationFixture mesh = mesh();
      mesh.federation.join("east", KINDS);
      mesh.pass(4);
      assertEquals(0, mesh.inImage("east", Kind.SERVICE), "byte " + at);
      assertTrue(mesh.status("east").snapshot().startsWith("refused: "), "byte " + at);
      assertTrue(Files.exists(directory.resolve("east.snapshot.refused")), "byte " + at);
      assertFalse(Files.exists(file("east")), "byte " + at);
    }
  }

  @Test
  void halfAFileAndForeignFilesAreRefusedWithTheReason() throws IOException {
    ranBefore("east", 3);
    byte[] good = Files.readAllBytes(file("east"));
    Files.write(file("east"), java.util.Arrays.copyOf(good, good.length / 2));
    assertRefused("east", "its checksum differs");
    Files.writeString(file("east"), "kind: Secret\n", StandardCharsets.UTF_8);
    assertRefused("east", "is not a last-good snapshot");
    Files.write(file("west"), good);
    assertRefused("west", "belongs to the cluster east (expected west)");
    Files.write(file("east"), good);
    Files.setPosixFilePermissions(file("east"), PosixFilePermissions.fromString("rw-rw----"));
    assertRefused("east", "may be written by others");
    Files.write(temp.resolve("elsewhere"), good);
    Files.createSymbolicLink(file("link"), temp.resolve("elsewhere"));
    assertRefused("link", "is not a regular file");
    Files.write(file("east"), new byte[(1 << 20) + 100]);
    assertRefused("east", "expected at most 1048576");
  }

  private void assertRefused(String cluster, String reason) {
    FederationFixture mesh = mesh();
    mesh.federation.join(cluster, KINDS);
    assertTrue(mesh.status(cluster).snapshot().contains(reason), mesh.status(cluster).snapshot());
    assertEquals(1, mesh.snapshotFailures);
  }

  @Test
  void aSnapshotAboveTheLimitIsNotWritten() {
    List<String> results = new java.util.ArrayList<>();
    LastGood small = new LastGood(directory, 500, Runnable::run);
    Snapshot snapshot =
        new Snapshot("east", java.time.Instant.EPOCH, pods("east", 400, "some-name-"));
    small.save(snapshot, results::add);
    assertTrue(results.getFirst().contains("larger than 500 bytes"), results.toString());
    assertFalse(Files.exists(file("east")));
    new LastGood(directory, 1 << 20, Runnable::run).save(snapshot, results::add);
    assertEquals("", results.getLast());
  }

  @Test
  void anyClusterIdMakesAFileNameOfItsOwn() {
    for (String id : List.of("../etc", "a/b", "ümläut", "a.b", "%2e", "x")) {
      ranBefore(id, 1);
    }
    FederationFixture mesh = mesh();
    mesh.federation.restoreKnown();
    assertEquals(
        List.of("%2e", "../etc", "a.b", "a/b", "x", "ümläut"),
        mesh.federation.status().stream().map(MemberStatus::cluster).toList());
    mesh.pass(3);
    assertEquals(1, mesh.inImage("../etc", Kind.SERVICE));
  }
}
