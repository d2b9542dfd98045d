package io.portolan.registry.source.kubernetes.leader;

import java.time.Duration;

/**
 * The times of an election.
 *
 * @param lease how long others wait after the last renewal they saw
 * @param renewDeadline how long a leader believes in a renewal, counted from before it was sent;
 *     shorter than {@code lease}, so that it stops believing before others begin
 * @param retry pause between two looks
 */
public record LeaseTimes(Duration lease, Duration renewDeadline, Duration retry) {
  /** 15 s, 10 s, 2 s: the usual ones of Kubernetes components. */
  public static final LeaseTimes DEFAULT =
      new LeaseTimes(Duration.ofSeconds(15), Duration.ofSeconds(10), Duration.ofSeconds(2));

  public LeaseTimes {
    if (renewDeadline.compareTo(lease) >= 0 || retry.compareTo(renewDeadline) >= 0) {
      throw new IllegalArgumentException(
          "retry " + retry + " < renewDeadline " + renewDeadline + " < lease " + lease);
    }
  }
}
