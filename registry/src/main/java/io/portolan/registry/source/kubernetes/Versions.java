package io.portolan.registry.source.kubernetes;

/**
 * Order of resource versions. Kubernetes 1.35 says that those of one kind are numbers that grow;
 * others are opaque and never older than another.
 */
final class Versions {
  private static final int MAX_DIGITS = 30;

  private Versions() {}

  /** True when the first one is known to come before the second one. */
  static boolean older(String first, String second) {
    if (!number(first) || !number(second)) {
      return false;
    }
    return first.length() == second.length()
        ? first.compareTo(second) < 0
        : first.length() < second.length();
  }

  private static boolean number(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_DIGITS
        && text.charAt(0) != '0'
        && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }
}
