package io.portolan.registry.source.objects;

import java.math.BigDecimal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Durations as Go and protobuf write them. */
final class Durations {
  private static final int LONGEST_TEXT = 40;

  private Durations() {}

  /** The duration, or null when the text is not one. */
  static @Nullable Duration parse(String text) {
    if (text.isEmpty() || text.length() > LONGEST_TEXT) {
      return null;
    }
    Duration sum = Duration.ZERO;
    int at = 0;
    while (at < text.length()) {
      int number = at;
      while (at < text.length() && (Character.isDigit(text.charAt(at)) || text.charAt(at) == '.')) {
        at++;
      }
      int unit = at;
      while (at < text.length() && Character.isLetter(text.charAt(at))) {
        at++;
      }
      long nanos = nanosOf(text.substring(unit, at));
      if (number == unit || nanos == 0) {
        return null;
      }
      try {
        BigDecimal value = new BigDecimal(text.substring(number, unit));
        sum = sum.plusNanos(value.multiply(BigDecimal.valueOf(nanos)).longValueExact());
      } catch (ArithmeticException | NumberFormatException e) {
        return null;
      }
    }
    return sum;
  }

  private static long nanosOf(String unit) {
    return switch (unit) {
      case "h" -> 3_600_000_000_000L;
      case "m" -> 60_000_000_000L;
      case "s" -> 1_000_000_000L;
      case "ms" -> 1_000_000L;
      case "us" -> 1_000L;
      case "ns" -> 1L;
      default -> 0L;
    };
  }
}
