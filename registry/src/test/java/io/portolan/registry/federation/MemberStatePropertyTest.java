package io.portolan.registry.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.model.ClusterCondition.Phase;
import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.ClusterHealth;
import io.portolan.registry.model.ClusterHealth.Control;
import io.portolan.registry.model.ClusterHealth.Data;
import java.time.Duration;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class MemberStatePropertyTest {
  private static final ClusterHealth HEALTH = ClusterHealth.DEFAULT;

  /**
   * Whatever happens in whatever order, and whatever the clock does: no treatment is harsher than
   * the table allows for what was seen, counted independently of the state machine.
   */
  @Property(tries = 500)
  void neverHarsherThanTheTableAllows(@ForAll long seed) {
    Random random = new Random(seed);
    Duration now = Duration.ofSeconds(random.nextInt(100_000));
    MemberState state = MemberState.joining(now);
    state = state.after(new MemberEvent.Synced(), now, HEALTH);
    Duration silence = Duration.ZERO;
    Duration bothLost = Duration.ZERO;
    boolean failed = false;
    boolean dataEverLost = false;
    for (int i = 0; i < 400; i++) {
      Duration jump = jump(random);
      Duration counted = jump.isNegative() ? Duration.ZERO : jump;
      counted =
          counted.compareTo(MemberState.LONGEST_STEP) > 0 ? MemberState.LONGEST_STEP : counted;
      now = now.plus(jump);
      silence = silence.plus(counted);
      MemberEvent event = event(random);
      if (event instanceof MemberEvent.Progress) {
        silence = Duration.ZERO;
        failed = false;
      }
      failed |= event instanceof MemberEvent.Failed;
      dataEverLost |=
          event instanceof MemberEvent.DataPath(Data data, String _) && data == Data.LOST;
      bothLost =
          state.signals().equals(new ClusterHealth.Signals(Control.LOST, Data.LOST))
              ? bothLost.plus(counted)
              : Duration.ZERO;
      MemberState before = state;
      state = state.after(event, now, HEALTH);
      Treatment treatment = state.condition().treatment();
      String seen = "step " + i + " " + event + " " + state;
      if (!dataEverLost) {
        assertEquals(Treatment.KEEP, treatment, seen);
      }
      if (treatment.compareTo(Treatment.UNHEALTHY) >= 0) {
        assertEquals(Phase.LOST, state.condition().phase(), seen);
        assertTrue(bothLost.compareTo(Duration.ofSeconds(10)) >= 0, seen);
      }
      if (treatment == Treatment.WITHDRAW) {
        assertTrue(bothLost.compareTo(Duration.ofMinutes(5)) >= 0, seen);
      }
      if (before.signals().control() == Control.OK && state.signals().control() == Control.LOST) {
        assertTrue(
            silence.compareTo(HEALTH.controlSilentAfter()) >= 0
                || (failed && silence.compareTo(HEALTH.controlFailedAfter()) >= 0),
            seen);
      }
    }
  }

  /** Whatever the state, one event after a jump of any size withdraws nothing that was kept. */
  @Property(tries = 300)
  void noJumpOfTheClockWithdraws(@ForAll long seed) {
    Random random = new Random(seed);
    Duration now = Duration.ofSeconds(1000);
    MemberState state = MemberState.joining(now).after(new MemberEvent.Synced(), now, HEALTH);
    for (int i = random.nextInt(200); i > 0; i--) {
      now = now.plusSeconds(1);
      state = state.after(event(random), now, HEALTH);
    }
    Treatment before = state.condition().treatment();
    Duration jumped = now.plusDays(random.nextInt(3) - 1).plusSeconds(random.nextInt(7200));
    MemberState after = state.after(new MemberEvent.Tick(), jumped, HEALTH);
    assertTrue(before == Treatment.WITHDRAW || after.condition().treatment() != Treatment.WITHDRAW);
    assertTrue(
        before.compareTo(Treatment.KEEP) > 0 || after.condition().treatment() == Treatment.KEEP,
        "from " + before + " to " + after.condition());
  }

  private static Duration jump(Random random) {
    return switch (random.nextInt(20)) {
      case 0 -> Duration.ofDays(1);
      case 1 -> Duration.ofDays(-1);
      case 2 -> Duration.ofSeconds(-random.nextInt(30));
      case 3 -> Duration.ZERO;
      default -> Duration.ofMillis(random.nextInt(2000));
    };
  }

  private static MemberEvent event(Random random) {
    return switch (random.nextInt(40)) {
      case 0 -> new MemberEvent.Progress();
      case 1 -> new MemberEvent.DataPath(Data.LOST, "down");
      case 2 -> new MemberEvent.DataPath(Data.values()[random.nextInt(3)], "seen");
      case 3, 4, 5, 6 -> new MemberEvent.Failed("refused");
      case 7 -> new MemberEvent.Join();
      default -> new MemberEvent.Tick();
    };
  }
}
