package io.portolan.registry.source.kubernetes.leader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.source.kubernetes.StepScheduler;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class LeadershipTest {
  private static final LeaseTimes TIMES = LeaseTimes.DEFAULT;

  private final StepScheduler time = new StepScheduler();
  private final FakeStore store = new FakeStore();
  private final Replica a = new Replica("a");
  private final Replica b = new Replica("b");

  /** One Lease with optimistic locking, as an API server has it. */
  private static final class FakeStore implements LeaseStore {
    private Optional<LeaseRecord> lease = Optional.empty();
    private int version;
    private boolean down;

    @Override
    public Optional<LeaseRecord> read() throws IOException {
      check();
      return lease;
    }

    @Override
    public Optional<LeaseRecord> write(LeaseRecord next) throws IOException {
      check();
      if (!lease.map(LeaseRecord::version).orElse("").equals(next.version())) {
        return Optional.empty();
      }
      lease =
          Optional.of(
              new LeaseRecord(
                  next.holder(),
                  next.duration(),
                  next.acquired(),
                  next.renewed(),
                  next.transitions(),
                  Integer.toString(++version)));
      return lease;
    }

    private void check() throws IOException {
      if (down) {
        throw new IOException("connection refused");
      }
    }
  }

  /** A replica with a clock that may be wrong, on the one time of the test. */
  private final class Replica {
    private Duration skew = Duration.ZERO;
    private boolean frozen;
    private boolean cut;
    private final Leadership leadership;

    Replica(String name) {
      LeaseStore seen =
          new LeaseStore() {
            @Override
            public Optional<LeaseRecord> read() throws IOException {
              connected();
              return store.read();
            }

            @Override
            public Optional<LeaseRecord> write(LeaseRecord next) throws IOException {
              connected();
              return store.write(next);
            }
          };
      leadership = new Leadership(name, TIMES, seen, this::reading, time);
    }

    private void connected() throws IOException {
      if (cut) {
        throw new IOException("no route");
      }
    }

    private Election.Reading reading() {
      return new Election.Reading(
          time.now(), Instant.EPOCH.plusSeconds(1_000_000).plusNanos(time.now()).plus(skew));
    }

    void step() {
      if (!frozen) {
        leadership.step();
      }
    }
  }

  private void pass(Duration span) {
    for (long s = 0; s < span.toSeconds(); s++) {
      time.advance(Duration.ofSeconds(1));
      if (s % TIMES.retry().toSeconds() == 0) {
        a.step();
        b.step();
      }
      assertFalse(a.leadership.leads() && b.leadership.leads(), "two leaders");
    }
  }

  @Test
  void theFirstLeadsAndKeepsLeading() {
    a.step();
    b.step();
    pass(Duration.ofMinutes(5));
    assertTrue(a.leadership.leads());
    assertEquals("a", b.leadership.status().leader());
    assertEquals(0, b.leadership.status().transitions());
  }

  @Test
  void aDeadLeaderIsReplacedAfterItsLease() {
    a.step();
    b.step();
    a.frozen = true;
    pass(TIMES.lease().plus(TIMES.retry()).plus(TIMES.retry()));
    assertTrue(b.leadership.leads());
    assertEquals(1, b.leadership.status().transitions());
  }

  @Test
  void aFrozenLeaderDoesNotBelieveWhenItWakes() throws IOException {
    a.step();
    b.step();
    a.frozen = true;
    pass(Duration.ofSeconds(30));
    assertFalse(a.leadership.leads());
    assertFalse(a.leadership.runIfLeader(_ -> assertTrue(false, "ran")));
    a.frozen = false;
    pass(Duration.ofSeconds(30));
    assertTrue(b.leadership.leads());
  }

  /** Stopped between the check and the write: the Lease itself says no, whatever the clocks say. */
  @Test
  void aLeaseThatWasTakenStopsTheWork() throws IOException {
    a.step();
    assertTrue(a.leadership.leads());
    LeaseRecord held = store.lease.orElseThrow();
    store.lease =
        Optional.of(
            new LeaseRecord(
                "b", held.duration(), held.acquired(), held.renewed(), 1, held.version()));
    List<Integer> ran = new ArrayList<>();
    assertTrue(a.leadership.leads(), "it cannot know yet");
    assertFalse(a.leadership.runIfLeader(f -> ran.add(f.transitions())));
    assertEquals(List.of(), ran);
  }

  @Test
  void workRunsWithTheFencingNumber() throws IOException {
    a.step();
    List<Leadership.Fencing> ran = new ArrayList<>();
    assertTrue(a.leadership.runIfLeader(ran::add));
    assertEquals(List.of(new Leadership.Fencing("a", 0)), ran);
    assertFalse(b.leadership.runIfLeader(ran::add));
    store.down = true;
    assertThrows(IOException.class, () -> a.leadership.runIfLeader(ran::add));
    assertEquals(1, ran.size());
  }

  @Test
  void apiDownMakesNobodyLeaderAndComesBack() {
    a.step();
    b.step();
    store.down = true;
    pass(TIMES.renewDeadline().plusSeconds(2));
    assertFalse(a.leadership.leads());
    assertFalse(b.leadership.leads());
    assertTrue(a.leadership.status().failure().contains("refused"));
    store.down = false;
    pass(Duration.ofSeconds(40));
    assertTrue(a.leadership.leads() ^ b.leadership.leads());
    assertEquals("", a.leadership.status().failure());
  }

  @Test
  void wrongClocksTakeNothingFromALivingLeader() {
    a.skew = Duration.ofHours(-3);
    b.skew = Duration.ofHours(3);
    a.step();
    b.step();
    pass(Duration.ofMinutes(2));
    assertTrue(a.leadership.leads());
    b.skew = Duration.ofHours(-8);
    pass(Duration.ofMinutes(2));
    assertTrue(a.leadership.leads());
  }

  @Test
  void aClockThatJumpsAheadEndsTheBelief() {
    a.step();
    a.skew = Duration.ofMinutes(1);
    assertFalse(a.leadership.leads(), "the machine may have slept");
  }

  @Test
  void lettingGoIsFast() {
    a.step();
    b.step();
    a.frozen = true;
    a.leadership.close();
    time.run();
    assertFalse(a.leadership.leads());
    b.step();
    assertTrue(b.leadership.leads());
    assertEquals(1, b.leadership.status().transitions());
  }

  @Test
  void resigningIsDoneWhenTheLeaseIsFree() {
    a.step();
    var done = a.leadership.resign();
    assertFalse(done.isDone());
    time.run();
    assertTrue(done.isDone());
    assertEquals("", store.lease.orElseThrow().holder());
    assertTrue(a.leadership.resign().isDone(), "twice is once");
  }

  @Test
  void resigningIsDoneWithoutAnApiServerToo() {
    a.step();
    store.down = true;
    var done = a.leadership.resign();
    time.run();
    assertTrue(done.isDone());
    assertFalse(a.leadership.leads());
  }

  @Test
  void theStatusSaysSinceWhen() {
    a.step();
    Instant taken = a.reading().wall();
    pass(Duration.ofMinutes(1));
    assertEquals(taken, a.leadership.status().since());
    assertEquals(taken, b.leadership.status().since());
    assertTrue(a.leadership.status().renewed().isAfter(taken));
  }

  @Test
  void aNumberThatWasMetIsOutgrownByTheLeaderOnly() throws IOException {
    a.step();
    b.step();
    b.leadership.outgrow(9);
    pass(Duration.ofSeconds(4));
    assertEquals(0, a.leadership.status().transitions(), "b does not hold it");
    a.leadership.outgrow(7);
    pass(Duration.ofSeconds(4));
    assertEquals(8, a.leadership.status().transitions());
    List<Leadership.Fencing> ran = new ArrayList<>();
    assertTrue(a.leadership.runIfLeader(ran::add));
    assertEquals(List.of(new Leadership.Fencing("a", 8)), ran);
    a.frozen = true;
    pass(Duration.ofSeconds(30));
    assertEquals(10, b.leadership.status().transitions(), "whoever comes next knows its own");
  }

  /** Cuts, freezes, outages and clock jumps in any order: never two leaders. */
  @Property(tries = 300)
  void neverTwoLeaders(@ForAll @Size(max = 60) List<@IntRange(min = 0, max = 79) Integer> faults) {
    for (int fault : faults) {
      Replica one = fault % 2 == 0 ? a : b;
      switch (fault / 2 % 5) {
        case 0 -> one.frozen = !one.frozen;
        case 1 -> one.cut = !one.cut;
        case 2 -> store.down = !store.down;
        case 3 -> one.skew = Duration.ofSeconds((fault - 40) * 7L);
        default -> {}
      }
      pass(Duration.ofSeconds(1 + fault / 4));
    }
    a.frozen = false;
    a.cut = false;
    b.frozen = false;
    b.cut = false;
    store.down = false;
    pass(Duration.ofSeconds(60));
    assertTrue(a.leadership.leads() ^ b.leadership.leads(), "one leader in the end");
  }
}
