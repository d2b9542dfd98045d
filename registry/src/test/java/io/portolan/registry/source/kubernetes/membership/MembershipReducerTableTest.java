package io.portolan.registry.source.kubernetes.membership;

import static io.portolan.registry.source.kubernetes.membership.Kubeconfigs.claim;
import static io.portolan.registry.source.kubernetes.membership.Kubeconfigs.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class MembershipReducerTableTest {
  private static final String OWN = "hub";

  /** One row: what runs, what is claimed, what is done, what is said. */
  private record Row(
      String name,
      Map<String, MembershipReducer.Held> members,
      List<Claim> claims,
      List<String> steps,
      List<String> findings) {}

  @Test
  void table() {
    Claim a1 = claim("east", "secret a", 10, "one");
    Claim a2 = claim("east", "secret a", 10, "two");
    Claim b1 = claim("east", "secret b", 20, "one");
    Claim b3 = claim("east", "secret b", 5, "three");
    Claim bad = refused("east", "secret a", 10);
    Claim local =
        new Claim(OWN, "in-cluster", Instant.EPOCH, true, claim(OWN, "x", 0, "l").content());
    var runsA = Map.of("east", new MembershipReducer.Held("secret a", a1.fingerprint()));
    var runsB = Map.of("east", new MembershipReducer.Held("secret b", b3.fingerprint()));
    Map<String, MembershipReducer.Held> none = Map.of();
    List<Row> rows =
        List.of(
            new Row("nothing", none, List.of(), List.of(), List.of()),
            new Row("first sight", none, List.of(a1), List.of("join east secret a"), List.of()),
            new Row("no change", runsA, List.of(a1), List.of(), List.of()),
            new Row("new bytes", runsA, List.of(a2), List.of("replace east secret a"), List.of()),
            new Row("gone", runsA, List.of(), List.of("leave east"), List.of()),
            new Row(
                "own id",
                none,
                List.of(claim(OWN, "secret h", 1, "t")),
                List.of(),
                List.of("is the id of the cluster this control plane runs in")),
            new Row("local", none, List.of(local), List.of("join hub in-cluster"), List.of()),
            new Row(
                "older wins",
                none,
                List.of(b1, a1),
                List.of("join east secret a"),
                List.of("is claimed by secret a already")),
            new Row(
                "name decides between equals",
                none,
                List.of(claim("east", "secret z", 10, "z"), a1),
                List.of("join east secret a"),
                List.of("is claimed by secret a already")),
            new Row(
                "the holder stays, although the other is older",
                runsA,
                List.of(b3, a1),
                List.of(),
                List.of("is claimed by secret a already")),
            new Row(
                "the holder goes, the other has other content",
                runsA,
                List.of(b3),
                List.of("replace east secret b"),
                List.of()),
            new Row(
                "the holder goes, the other has the same content",
                runsA,
                List.of(b1),
                List.of("rename east secret b"),
                List.of()),
            new Row("refused at first", none, List.of(bad), List.of(), List.of("is no kubeconfig")),
            new Row(
                "refused change leaves it running",
                runsA,
                List.of(bad),
                List.of(),
                List.of("the last good one stays in use")),
            new Row(
                "a usable claim goes before a refused older one",
                none,
                List.of(bad, b1),
                List.of("join east secret b"),
                List.of("is claimed by secret b already", "is no kubeconfig")),
            new Row(
                "the refused one is mended, the holder stays",
                runsB,
                List.of(a1, b3),
                List.of(),
                List.of("is claimed by secret b already")));
    for (Row row : rows) {
      var decision = MembershipReducer.decide(OWN, row.members(), row.claims());
      assertEquals(row.steps(), decision.steps().stream().map(this::text).toList(), row.name());
      assertEquals(row.findings().size(), decision.findings().size(), row.name());
      String said = decision.findings().toString();
      row.findings().forEach(f -> assertTrue(said.contains(f), row.name() + ": " + said));
    }
  }

  /** Whatever was claimed before, doing what is decided leads to members that need nothing. */
  @Property(tries = 300)
  void decisionsSettle(
      @ForAll @Size(max = 12) List<@IntRange(min = 0, max = 59) Integer> first,
      @ForAll @Size(max = 12) List<@IntRange(min = 0, max = 59) Integer> second) {
    Map<String, MembershipReducer.Held> members = new TreeMap<>();
    for (List<Integer> numbers : List.of(first, second)) {
      List<Claim> claims = numbers.stream().distinct().map(this::numbered).toList();
      apply(members, MembershipReducer.decide(OWN, members, claims));
      var again = MembershipReducer.decide(OWN, members, claims);
      assertEquals(List.of(), again.steps());
      for (Claim claim : claims) {
        assertTrue(!claim.usable() || members.containsKey(claim.cluster()));
      }
    }
  }

  private Claim numbered(int number) {
    String cluster = "c" + number % 3;
    String source = "secret " + number / 3 % 4;
    return number % 5 == 0
        ? refused(cluster, source, number % 7)
        : claim(cluster, source, number % 7, "t" + number / 12);
  }

  private void apply(
      Map<String, MembershipReducer.Held> members, MembershipReducer.Decision decision) {
    for (var step : decision.steps()) {
      switch (step) {
        case MembershipReducer.Leave leave -> members.remove(leave.cluster());
        case MembershipReducer.Join join -> members.put(join.cluster(), held(join.claim()));
        case MembershipReducer.Replace r -> members.put(r.cluster(), held(r.claim()));
        case MembershipReducer.Rename r -> members.put(r.cluster(), held(r.claim()));
      }
    }
  }

  private static MembershipReducer.Held held(Claim claim) {
    return new MembershipReducer.Held(claim.source(), claim.fingerprint());
  }

  private String text(MembershipReducer.Step step) {
    return switch (step) {
      case MembershipReducer.Leave leave -> "leave " + leave.cluster();
      case MembershipReducer.Join join -> "join " + join.cluster() + " " + join.claim().source();
      case MembershipReducer.Replace r -> "replace " + r.cluster() + " " + r.claim().source();
      case MembershipReducer.Rename r -> "rename " + r.cluster() + " " + r.claim().source();
    };
  }
}
