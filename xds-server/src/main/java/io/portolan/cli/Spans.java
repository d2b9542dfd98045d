package io.portolan.cli;

import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads durations such as {@code 90s}, {@code 30m}, {@code 24h}, {@code 7d}. */
final class Spans implements ITypeConverter<Duration> {
  @Override
  public Duration convert(String text) {
    if (text.length() < 2) {
      throw wrong(text);
    }
    try {
      long number = Long.parseLong(text.substring(0, text.length() - 1));
      return switch (text.charAt(text.length() - 1)) {
        case 's' -> Duration.ofSeconds(number);
        case 'm' -> Duration.ofMinutes(number);
        case 'h' -> Duration.ofHours(number);
        case 'd' -> Duration.ofDays(number);
        default -> throw wrong(text);
      };
    } catch (NumberFormatException e) {
      throw wrong(text);
    }
  }

  private static TypeConversionException wrong(String text) {
    return new TypeConversionException("'" + text + "' (expected a duration such as 30m or 24h)");
  }
}
