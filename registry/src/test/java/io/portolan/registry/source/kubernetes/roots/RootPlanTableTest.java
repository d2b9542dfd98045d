package io.portolan.registry.source.kubernetes.roots;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.source.kubernetes.ConfigMapObject;
import io.portolan.registry.source.kubernetes.roots.RootPlan.Pace;
import io.portolan.registry.source.kubernetes.roots.RootPlan.Wanted;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RootPlanTableTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final int MOST = 20;

  private static Wanted wanted(String cluster, int epoch) {
    return new Wanted(cluster, "east", epoch, "R1");
  }

  private static RootPlan plan(Wanted wanted, Map<String, RootCopy> copies, String... namespaces) {
    return RootPlan.of(wanted, List.of(namespaces), copies, Map.of(), NOW, MOST);
  }

  /** One namespace with a copy; we are the control plane of cluster east with number 5. */
  @ParameterizedTest
  @CsvSource({
    // target, roots, writer, epoch, what to do
    "east, R1, east,  5, current",
    "east, R1, east,  9, current",
    "east, R1, '',   -1, current",
    "east, R1, west,  7, current",
    "east, R0, east,  5, replace",
    "east, R0, east,  4, replace",
    "east, R0, east,  6, newer",
    "east, R0, '',   -1, left",
    "east, '', '',   -1, replace foreign",
    "east, R0, west,  7, replace foreign",
    "west, R1, west,  7, current",
    "west, R0, west,  1, left",
    "west, R0, '',   -1, left",
    "west, R0, east,  5, replace",
    "west, R0, east,  6, newer",
  })
  void oneCopy(String target, String pem, String writer, int epoch, String expected) {
    RootPlan plan =
        plan(wanted(target, 5), Map.of("demo", new RootCopy("42", pem, writer, epoch)), "demo");
    RootPlan want =
        switch (expected) {
          case "current" -> new RootPlan(List.of(), 1, 0, Map.of(), -1);
          case "replace", "replace foreign" ->
              new RootPlan(
                  List.of(new RootPlan.Write.Replace("demo", "42", expected.endsWith("foreign"))),
                  0,
                  1,
                  Map.of(),
                  -1);
          case "newer" -> new RootPlan(List.of(), 0, 1, Map.of(), 6);
          case "left" ->
              new RootPlan(
                  List.of(),
                  0,
                  0,
                  Map.of(
                      "demo",
                      writer.isEmpty()
                          ? "holds other roots, written by somebody else"
                          : "holds other roots, written by the control plane of cluster west"),
                  -1);
          default -> throw new AssertionError(expected);
        };
    assertEquals(want, plan);
  }

  @Test
  void everyNamespaceGetsOneButThoseWithoutWorkloads() {
    RootPlan plan =
        plan(
            wanted("east", 0),
            Map.of(),
            "kube-system",
            "kube-public",
            "kube-node-lease",
            "local-path-storage",
            "demo");
    assertEquals(
        List.of(new RootPlan.Write.Create("demo"), new RootPlan.Write.Create("kube-system")),
        plan.writes());
  }

  @Test
  void aCopyOfANamespaceThatIsGoneIsNobodysBusiness() {
    RootPlan plan = plan(wanted("east", 0), Map.of("gone", new RootCopy("1", "R0", "", -1)));
    assertEquals(new RootPlan(List.of(), 0, 0, Map.of(), -1), plan);
  }

  @Test
  void fewAtATime() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      names.add("n" + i);
    }
    RootPlan plan = RootPlan.of(wanted("east", 0), names, Map.of(), Map.of(), NOW, MOST);
    assertEquals(MOST, plan.writes().size());
    assertEquals(50, plan.due());
  }

  @Test
  void whatFailedWaitsLongerEachTime() {
    Pace pace = Pace.NONE;
    List<Long> pauses = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      pace = pace.failed("refused", NOW);
      pauses.add(Duration.between(NOW, pace.notBefore()).toSeconds());
    }
    assertEquals(List.of(1L, 2L, 4L, 8L, 16L, 32L, 64L, 128L, 256L, 300L, 300L, 300L), pauses);
    Map<String, Pace> paces = Map.of("demo", pace);
    assertTrue(
        RootPlan.of(wanted("east", 0), List.of("demo"), Map.of(), paces, NOW, MOST)
            .writes()
            .isEmpty());
    assertEquals(
        1,
        RootPlan.of(
                wanted("east", 0),
                List.of("demo"),
                Map.of(),
                paces,
                NOW.plus(RootPlan.LONGEST),
                MOST)
            .writes()
            .size());
    assertEquals(Pace.NONE, pace.written(false, NOW), "a success forgets it");
  }

  @Test
  void aQuarrelSlowsDownAndIsForgottenAfterPeace() {
    Pace pace = Pace.NONE.written(false, NOW);
    assertEquals(Pace.NONE, pace);
    Instant at = NOW;
    for (int i = 1; i <= 3; i++) {
      pace = pace.written(true, at);
      assertEquals(i, pace.repairs());
      assertEquals(at.plusSeconds(1L << i), pace.notBefore());
      at = pace.notBefore();
    }
    Instant later = pace.notBefore().plus(RootPlan.LONGEST).plusSeconds(1);
    assertEquals(1, pace.written(true, later).repairs());
  }

  @ParameterizedTest
  @CsvSource({
    "7, 7",
    "'', -1",
    "seven, -1",
    "1073741824, 1073741824",
    "1073741825, -1",
    "99999999999, -1"
  })
  void aMadeUpNumberIsNone(String text, int epoch) {
    RootCopy copy =
        RootCopy.of(
            new ConfigMapObject(
                "demo",
                "istio-ca-root-cert",
                "1",
                Map.of(),
                Map.of("portolan.io/leader-epoch", text),
                Map.of()));
    assertEquals(epoch, copy.epoch());
  }

  @Test
  void whatIsWrittenIsReadBack() {
    RootCopy copy =
        RootCopy.of(
            new ConfigMapObject(
                "demo",
                "istio-ca-root-cert",
                "1",
                RootCopy.LABELS,
                RootCopy.annotations("east", 5),
                Map.of(RootCopy.KEY, "R1")));
    assertEquals(new RootCopy("1", "R1", "east", 5), copy);
  }

  @Test
  void nothingIsPublishedWithoutRoots() {
    assertThrows(IllegalArgumentException.class, () -> new Wanted("east", "east", 0, ""));
  }

  /**
   * Two leaders of one Lease and a control plane of another cluster, in any order and with any age:
   * what a newer one wrote is never replaced by an older one, and what is written is not written
   * again.
   */
  @Property(tries = 200)
  void olderNeverReplacesNewer(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int steps) {
    Random random = new Random(seed);
    RootCopy copy = null;
    int version = 0;
    for (int i = 0; i < steps; i++) {
      int epoch = random.nextInt(4);
      Wanted wanted = new Wanted("east", "east", epoch, "R" + random.nextInt(3));
      Map<String, RootCopy> copies = new HashMap<>();
      if (copy != null) {
        copies.put("demo", copy);
      }
      RootPlan plan = RootPlan.of(wanted, Collections.singleton("demo"), copies, Map.of(), NOW, 1);
      if (!plan.writes().isEmpty()) {
        assertTrue(copy == null || copy.epoch() <= epoch, copy + " replaced by " + wanted);
        copy = new RootCopy("" + ++version, wanted.pem(), wanted.own(), epoch);
        RootPlan again =
            RootPlan.of(wanted, List.of("demo"), Map.of("demo", copy), Map.of(), NOW, 1);
        assertEquals(1, again.current());
        assertTrue(again.writes().isEmpty());
      }
    }
  }
}
