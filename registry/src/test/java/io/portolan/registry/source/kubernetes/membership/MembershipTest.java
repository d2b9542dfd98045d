package io.portolan.registry.source.kubernetes.membership;

import static io.portolan.registry.source.kubernetes.membership.Kubeconfigs.claim;
import static io.portolan.registry.source.kubernetes.membership.Kubeconfigs.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.change.ClusterMembers;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.source.kubernetes.StepScheduler;
import io.portolan.registry.source.kubernetes.TestTls;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MembershipTest {
  private static final Set<Kind> KINDS = Set.of(Kind.SERVICE, Kind.POD);

  private final StepScheduler time = new StepScheduler();
  private final List<String> said = new ArrayList<>();
  private final List<FakeReader> opened = new ArrayList<>();
  private final Set<FakeReader> open = new HashSet<>();
  private String openFailure = "";
  private final Membership membership =
      new Membership("hub", new FakeMembers(), this::open, _ -> KINDS, time);

  /** Writes down who joins and leaves. */
  private final class FakeMembers implements ClusterMembers {
    @Override
    public ClusterFeed join(String cluster, Set<Kind> kinds) {
      said.add("join " + cluster);
      return new SilentFeed();
    }

    @Override
    public void leave(String cluster) {
      said.add("leave " + cluster);
    }
  }

  private static final class SilentFeed implements ClusterFeed {
    @Override
    public void listed(Kind kind, List<MeshObject> objects) {}

    @Override
    public void put(MeshObject object) {}

    @Override
    public void remove(ObjectRef ref) {}

    @Override
    public void alive() {}

    @Override
    public void failed(String reason) {}
  }

  private record FakeReader(String cluster, Kubeconfig config, ClusterFeed feed) {
    void listAll() {
      KINDS.forEach(kind -> feed.listed(kind, List.of()));
    }
  }

  private AutoCloseable open(String cluster, Kubeconfig config, ClusterFeed feed)
      throws IOException {
    if (!openFailure.isEmpty()) {
      throw new IOException(openFailure);
    }
    FakeReader reader = new FakeReader(cluster, config, feed);
    opened.add(reader);
    open.add(reader);
    return () -> open.remove(reader);
  }

  private void claims(Claim... claims) {
    membership.claims("test", List.of(claims));
    time.run();
  }

  @Test
  void replacementIsMadeBeforeTheOldReaderIsClosed() {
    claims(claim("east", "secret a", 1, "one"));
    opened.getFirst().listAll();
    time.run();
    assertTrue(membership.status().getFirst().synced());

    claims(claim("east", "secret a", 1, "two"));
    assertEquals(List.of("join east", "join east"), said);
    assertEquals(2, open.size());
    assertTrue(membership.status().getFirst().replacing());

    FakeReader next = opened.get(1);
    next.feed().listed(Kind.SERVICE, List.of());
    time.run();
    assertEquals(2, open.size());
    next.feed().listed(Kind.POD, List.of());
    time.run();
    assertEquals(Set.of(next), open);
    assertFalse(membership.status().getFirst().replacing());
  }

  @Test
  void aWrongNewCredentialLeavesTheOldReaderRunning() {
    claims(claim("east", "secret a", 1, "one"));
    opened.getFirst().listAll();
    claims(claim("east", "secret a", 1, "wrong"));
    opened.get(1).feed().failed("services: 401 Unauthorized");
    time.run();
    assertEquals(2, open.size());
    assertTrue(membership.findings().toString().contains("401 Unauthorized"));

    claims(claim("east", "secret a", 1, "right"));
    assertEquals(Set.of(opened.getFirst(), opened.get(2)), open);
    opened.get(2).listAll();
    time.run();
    assertEquals(Set.of(opened.get(2)), open);
    assertEquals(List.of(), membership.findings());
  }

  @Test
  void aRefusedChangeIsAFindingAndNothingElse() {
    claims(claim("east", "secret a", 1, "one"));
    claims(refused("east", "secret a", 1));
    assertEquals(1, open.size());
    assertEquals(1, membership.findings().size());
    claims(claim("east", "secret a", 1, "one"));
    assertEquals(List.of("join east"), said);
    assertEquals(List.of(), membership.findings());
  }

  @Test
  void aReaderThatCannotBeOpenedIsTriedAgain() {
    openFailure = "no TLS";
    claims(claim("east", "secret a", 1, "one"));
    assertTrue(membership.findings().toString().contains("no TLS"));
    openFailure = "";
    time.advance(Membership.RETRY);
    assertEquals(1, open.size());
    assertEquals(List.of(), membership.findings());
  }

  @Test
  void aSuddenLossOfManyIsConfirmedFirst() {
    Claim a = claim("a", "secret a", 1, "t");
    Claim b = claim("b", "secret b", 1, "t");
    Claim c = claim("c", "secret c", 1, "t");
    claims(a, b, c);
    claims();
    time.advance(Membership.CONFIRM.minusSeconds(1));
    assertEquals(3, open.size());
    claims(a, b, c);
    time.advance(Membership.CONFIRM);
    assertEquals(3, open.size());
    claims(c);
    time.advance(Membership.CONFIRM);
    assertEquals(1, open.size());
    assertEquals(List.of("join a", "join b", "join c", "leave a", "leave b"), said);
  }

  /** A service account as a pod has it: the CA changes under a running process. */
  @Test
  void theOwnClusterFollowsItsFiles(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("ca.crt"), TestTls.pem("ca.pem"));
    Files.writeString(folder.resolve("token"), "t");
    OwnCluster own =
        new OwnCluster("hub", () -> InCluster.read(folder, "fd00::1", "443"), membership, time);
    own.start(Duration.ofSeconds(30));
    time.run();
    assertEquals(URI.create("https://[fd00::1]:443"), opened.getFirst().config().server());
    time.advance(Duration.ofSeconds(30));
    assertEquals(1, opened.size());

    Files.writeString(folder.resolve("ca.crt"), "half a certificate");
    time.advance(Duration.ofSeconds(30));
    assertEquals(1, opened.size());
    assertTrue(membership.findings().toString().contains("the last good one stays in use"));

    Files.writeString(folder.resolve("ca.crt"), TestTls.pem("ca.pem") + TestTls.pem("server.pem"));
    time.advance(Duration.ofSeconds(30));
    assertEquals(2, opened.size());
    assertEquals(List.of("join hub", "join hub"), said);
  }

  @Test
  void stoppingClosesReadersAndRemovesNobody() {
    claims(claim("a", "secret a", 1, "t"), claim("b", "secret b", 1, "t"));
    membership.close();
    time.run();
    assertEquals(Set.of(), open);
    assertEquals(List.of("join a", "join b"), said);
  }

  @Test
  void tenThousandJoinsAndLeavesLeaveNothing() {
    int threads = Thread.activeCount();
    for (int i = 0; i < 10_000; i++) {
      claims(claim("c" + i % 7, "secret a", i, "t" + i));
      opened.getLast().listAll();
      claims(claim("c" + i % 7, "secret a", i, "u" + i));
      if (i % 2 == 0) {
        opened.getLast().listAll();
      }
      claims();
      assertEquals(0, open.size());
      opened.clear();
      said.clear();
    }
    assertEquals(List.of(), membership.status());
    assertEquals(List.of(), membership.findings());
    assertEquals(1, time.waiting(), "only the retry timer");
    assertTrue(Thread.activeCount() <= threads, "threads were left behind");
    time.advance(Duration.ofMinutes(1));
    assertEquals(0, open.size());
  }
}
