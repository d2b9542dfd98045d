package io.portolan.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.ca.rotate.RenewalSchedule;
import java.time.Duration;
import java.time.Instant;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class RenewalScheduleTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  @Property
  void renewalLiesAroundHalfOfTheLife(
      @ForAll @LongRange(min = 10, max = 400_000_000) long seconds,
      @ForAll @DoubleRange(min = 0, max = 0.99) double jitter) {
    Instant end = START.plusSeconds(seconds);
    Instant due = RenewalSchedule.renewAt(START, end, jitter);
    Duration life = Duration.between(START, end);
    Duration slack = Duration.ofMillis(1);
    assertFalse(due.isBefore(START.plus(life.multipliedBy(45).dividedBy(100)).minus(slack)));
    assertFalse(due.isAfter(START.plus(life.multipliedBy(55).dividedBy(100)).plus(slack)));
    assertFalse(due.isAfter(START.plus(life.multipliedBy(9).dividedBy(10))));
  }

  @Property
  void moreJitterIsNeverEarlier(
      @ForAll @DoubleRange(min = 0, max = 0.99) double a,
      @ForAll @DoubleRange(min = 0, max = 0.99) double b) {
    Instant end = START.plus(Duration.ofDays(1));
    Instant first = RenewalSchedule.renewAt(START, end, Math.min(a, b));
    assertFalse(first.isAfter(RenewalSchedule.renewAt(START, end, Math.max(a, b))));
  }

  @Test
  void anyTwoInstantsHaveAnAnswer() {
    assertEquals(START, RenewalSchedule.renewAt(START, START, 0.5));
    assertEquals(Instant.MIN, RenewalSchedule.renewAt(Instant.MAX, Instant.MIN, 0.5));
    Instant due = RenewalSchedule.renewAt(Instant.MIN, Instant.MAX, 0.999);
    assertTrue(due.isAfter(Instant.MIN) && due.isBefore(Instant.MAX));
  }

  @Test
  void jitterOutOfRangeIsRefused() {
    for (double bad : new double[] {-0.1, 1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> RenewalSchedule.renewAt(START, START.plusSeconds(1), bad));
    }
  }
}
