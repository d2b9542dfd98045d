package io.portolan.ca.rotate;

import java.time.Duration;
import java.time.Instant;

/** When a certificate is renewed: about half way through its life, so that renewals spread. */
public final class RenewalSchedule {
  private static final double MIDDLE = 0.5;
  private static final double SPREAD = 0.1;

  private RenewalSchedule() {}

  /**
   * @param jitter in [0,1): 0 renews at 45 % of the life, 0.5 at half, just below 1 at 55 %
   */
  public static Instant renewAt(Instant notBefore, Instant notAfter, double jitter) {
    if (jitter < 0 || jitter >= 1) {
      throw new IllegalArgumentException("jitter " + jitter + " (expected 0 to below 1)");
    }
    Duration life = Duration.between(notBefore, notAfter);
    double fraction = MIDDLE + (jitter - MIDDLE) * SPREAD;
    return notBefore.plusMillis((long) (life.toMillis() * fraction));
  }
}
