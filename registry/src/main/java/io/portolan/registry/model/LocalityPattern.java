package io.portolan.registry.model;

import java.util.Comparator;
import java.util.List;

/**
 * Localities by pattern: {@code region[/zone[/subzone]]}, {@code *} as the last part for anything
 * below. A part that is not given is anything. Source: Istio's {@code localityLbSetting}.
 *
 * @param parts one to three; only the last may be {@code *}
 */
public record LocalityPattern(List<String> parts) {
  private static final int LEVELS = 3;
  private static final String ANY = "*";

  /** The most specific first, then by text. */
  public static final Comparator<LocalityPattern> SPECIFIC_FIRST =
      Comparator.comparingInt((LocalityPattern p) -> -p.fixed().size())
          .thenComparing(LocalityPattern::toString);

  public LocalityPattern {
    parts = List.copyOf(parts);
  }

  /**
   * Reads a pattern.
   *
   * @throws IllegalArgumentException when it is none; the message says what was expected
   */
  public static LocalityPattern parse(String text) {
    List<String> parts = List.of(text.split("/", -1));
    boolean form = parts.size() <= LEVELS && parts.stream().noneMatch(String::isEmpty);
    for (int i = 0; form && i < parts.size(); i++) {
      String part = parts.get(i);
      form = part.indexOf('*') < 0 || (part.equals(ANY) && i == parts.size() - 1);
    }
    if (!form) {
      throw new IllegalArgumentException(
          "'" + text + "' (expected region/zone/subzone, with * as the last part for anything)");
    }
    return new LocalityPattern(parts);
  }

  private List<String> fixed() {
    return parts.getLast().equals(ANY) ? parts.subList(0, parts.size() - 1) : parts;
  }

  /** Whether a locality is one of these. */
  public boolean matches(Locality locality) {
    List<String> fixed = fixed();
    List<String> levels = List.of(locality.region(), locality.zone(), locality.subzone());
    return levels.subList(0, fixed.size()).equals(fixed);
  }

  /** Whether some locality is one of both. */
  public boolean overlaps(LocalityPattern other) {
    int common = Math.min(fixed().size(), other.fixed().size());
    return fixed().subList(0, common).equals(other.fixed().subList(0, common));
  }

  @Override
  public String toString() {
    return String.join("/", parts);
  }
}
