package io.portolan.xds.view;

import java.util.HashMap;
import java.util.Map;

/**
 * Makes weights of endpoints into shares of traffic: all that a pattern of {@code distribute} names
 * at one rank has the pattern's percent together, each endpoint in proportion to its own weight.
 * Weights stay whole numbers: they are multiplied by what all sums divide.
 */
final class Shares {
  // Times 100 percent and the numbers of gateways it still fits a long.
  private static final long LARGEST = 1L << 36;
  private static final double ROUNDED = 1e9;

  private final Nearness nearness;
  private final Map<Nearness.Standing, Long> sums = new HashMap<>();
  private long common = 1;

  Shares(Nearness nearness) {
    this.nearness = nearness;
  }

  /**
   * Takes note of weights by pattern at a rank; all of them before the first share is asked for.
   */
  void count(int rank, Map<Integer, Long> claims) {
    claims.forEach((pattern, weight) -> count(rank, pattern, weight));
  }

  void count(int rank, int pattern, long weight) {
    sums.merge(new Nearness.Standing(rank, pattern), weight, Long::sum);
  }

  /** Ends the counting. */
  void close() {
    for (long sum : sums.values()) {
      long factor = sum / AssignmentGroups.gcd(common, sum);
      // Whatever the order: what is too large stays too large.
      common = common > LARGEST / factor ? Long.MAX_VALUE : common * factor;
    }
  }

  /** The weight of what claims these weights by pattern at a rank, 1 or more. */
  long weight(int rank, Map<Integer, Long> claims) {
    long exact = 0;
    double rounded = 0;
    for (var claim : new java.util.TreeMap<>(claims).entrySet()) {
      long sum = sums.getOrDefault(new Nearness.Standing(rank, claim.getKey()), claim.getValue());
      int percent = nearness.percent(claim.getKey());
      if (common <= LARGEST) {
        exact += common / sum * claim.getValue() * percent;
      } else {
        rounded += ROUNDED * percent * claim.getValue() / sum;
      }
    }
    return Math.max(1, common <= LARGEST ? exact : Math.round(rounded));
  }
}
