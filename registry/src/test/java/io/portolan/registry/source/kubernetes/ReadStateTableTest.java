package io.portolan.registry.source.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.model.Kind;
import io.portolan.registry.source.kubernetes.ReadState.Ending;
import io.portolan.registry.source.kubernetes.ReadState.Turn;
import java.time.Duration;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ReadStateTableTest {
  private static final ReaderSettings SETTINGS = ReaderSettings.of("istio-system", "cluster.local");

  private static final ReadState WATCHING = new ReadState("10", true, true, 0, 0, 0, 0);

  private record Row(ReadState from, Ending ending, ReadState to, Duration least, Duration most) {}

  private static ReadState state(
      String version,
      boolean streams,
      boolean cache,
      int variant,
      int failures,
      int expiries,
      int idle) {
    return new ReadState(version, streams, cache, variant, failures, expiries, idle);
  }

  @Test
  void eachEndingDecidesWhatFollows() {
    Duration none = Duration.ZERO;
    Duration half = Duration.ofMillis(250);
    Duration first = Duration.ofMillis(500);
    List<Row> rows =
        List.of(
            new Row(ReadState.START, new Ending.Listed("10"), WATCHING, none, none),
            new Row(
                state("", true, false, 0, 8, 2, 1),
                new Ending.Listed("10"),
                state("10", true, false, 0, 0, 2, 0),
                none,
                none),
            new Row(WATCHING, new Ending.Closed(false), WATCHING, none, none),
            new Row(
                state("10", true, true, 0, 6, 0, 3),
                new Ending.Closed(false),
                WATCHING,
                none,
                none),
            new Row(
                WATCHING,
                new Ending.Closed(true),
                state("10", true, true, 0, 0, 0, 1),
                half,
                first),
            new Row(
                state("10", true, true, 0, 0, 0, 4),
                new Ending.Closed(true),
                state("", true, false, 0, 0, 1, 0),
                Duration.ofSeconds(4),
                Duration.ofSeconds(8)),
            new Row(
                WATCHING, new Ending.Expired(), state("", true, false, 0, 0, 1, 0), half, first),
            new Row(
                state("10", true, false, 0, 9, 1, 0),
                new Ending.Expired(),
                state("", true, false, 0, 9, 2, 0),
                first,
                Duration.ofSeconds(1)),
            new Row(
                ReadState.START,
                new Ending.Missing(),
                state("", true, true, 1, 0, 0, 0),
                none,
                none),
            new Row(
                state("", true, true, 2, 0, 0, 0),
                new Ending.Missing(),
                ReadState.START,
                Duration.ofSeconds(30),
                Duration.ofSeconds(60)),
            new Row(
                ReadState.START,
                new Ending.NotStreamed(),
                state("", false, true, 0, 0, 0, 0),
                none,
                none),
            new Row(
                WATCHING,
                new Ending.Failed(Duration.ZERO),
                state("10", true, true, 0, 1, 0, 0),
                half,
                first),
            new Row(
                state("10", true, true, 0, 60, 0, 0),
                new Ending.Failed(Duration.ZERO),
                state("10", true, true, 0, 61, 0, 0),
                Duration.ofSeconds(15),
                Duration.ofSeconds(30)),
            new Row(WATCHING, new Ending.Away(), state("10", true, true, 0, 1, 0, 0), half, first),
            new Row(
                state("10", true, true, 0, 1, 0, 0),
                new Ending.Away(),
                state("", true, false, 0, 2, 1, 0),
                first,
                Duration.ofSeconds(1)),
            new Row(
                state("10", true, true, 0, 3, 0, 0),
                new Ending.Away(),
                state("", true, false, 0, 4, 1, 0),
                Duration.ofSeconds(2),
                Duration.ofSeconds(4)),
            new Row(
                state("10", true, false, 0, 3, 6, 0),
                new Ending.Away(),
                state("", true, false, 0, 4, 7, 0),
                Duration.ofSeconds(15),
                Duration.ofSeconds(30)),
            new Row(
                state("", true, true, 0, 7, 1, 0),
                new Ending.Away(),
                state("", true, true, 0, 8, 1, 0),
                Duration.ofSeconds(15),
                Duration.ofSeconds(30)),
            new Row(
                WATCHING,
                new Ending.Failed(Duration.ofSeconds(9)),
                state("10", true, true, 0, 1, 0, 0),
                Duration.ofSeconds(9),
                Duration.ofSeconds(9)));
    for (Row row : rows) {
      assertEquals(
          new Turn(row.to(), row.least()),
          row.from().after(row.ending(), 3, SETTINGS, 0),
          row.toString());
      assertEquals(row.most(), row.from().after(row.ending(), 3, SETTINGS, 1).pause());
    }
    assertEquals(WATCHING, state("9", true, true, 0, 3, 2, 2).progressed("10"));
    assertEquals(WATCHING, state("10", true, true, 0, 3, 0, 0).answered());
  }

  @Property(tries = 200)
  void pausesStayWithinTheirBounds(
      @ForAll @IntRange(min = 0, max = 5000) int failures,
      @ForAll @IntRange(min = 0, max = 1000) int chance) {
    Duration pause =
        state("1", true, true, 0, failures, 0, 0)
            .after(new Ending.Failed(Duration.ZERO), 1, SETTINGS, chance / 1000.0)
            .pause();
    assertTrue(pause.compareTo(SETTINGS.backOffLeast().dividedBy(2)) >= 0, pause.toString());
    assertTrue(pause.compareTo(SETTINGS.backOffMost()) <= 0, pause.toString());
  }

  @Test
  void versionsAreNumbersOrNothing() {
    assertTrue(Versions.older("9", "10"));
    assertTrue(Versions.older("18446744073709551614", "18446744073709551615"));
    assertFalse(Versions.older("10", "10"));
    assertFalse(Versions.older("11", "10"));
    assertFalse(Versions.older("", "10"));
    assertFalse(Versions.older("9", ""));
    assertFalse(Versions.older("abc", "b"));
    assertFalse(Versions.older("0", "5"));
  }

  @Test
  void answersOtherThan200HaveAMeaning() {
    ApiResource pods = ApiResource.of(Kind.POD);
    ApiResource gateways = ApiResource.of(Kind.GATEWAY);
    assertEquals(Refusal.Meaning.EXPIRED, Refusal.of(410, "", pods, true).meaning());
    assertEquals(Refusal.Meaning.MISSING, Refusal.of(404, "", gateways, true).meaning());
    assertEquals(Refusal.Meaning.FAILED, Refusal.of(404, "", pods, true).meaning());
    assertEquals(Refusal.Meaning.NOT_STREAMED, Refusal.of(422, "", pods, true).meaning());
    assertEquals(Refusal.Meaning.FAILED, Refusal.of(422, "", pods, false).meaning());
    assertEquals(Refusal.Meaning.CREDENTIAL, Refusal.of(401, "", pods, true).meaning());
    assertEquals(Refusal.Meaning.CREDENTIAL, Refusal.of(403, "", pods, true).meaning());
    assertEquals(Refusal.Meaning.AWAY, Refusal.of(502, "", pods, true).meaning());
    assertEquals(Refusal.Meaning.AWAY, Refusal.of(504, "", pods, false).meaning());
    assertEquals(Refusal.Meaning.FAILED, Refusal.of(503, "", pods, true).meaning());
  }
}
