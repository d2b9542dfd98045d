package io.portolan.ca.rotate;

import java.time.Duration;
import java.time.Instant;

/** When a certificate is renewed: about half way through its life, so that renewals spread. */
public final class RenewalSchedule {
  private static final double MIDDLE = 0.5;
  private static final double SPREAD = 0.1;
  private static final double MILLIS = 1000;

  private RenewalSchedule() {}

  /**
   * When to renew; never after nine tenths of the life. A certificate without a life, that ends
   * before it starts, is due at its end.
   *
   * @param jitter in [0,1): 0 renews at 45 % of the life, 0.5 at half, just below 1 at 55 %
   * @throws IllegalArgumentException when the jitter is out of range
   */
  public static Instant renewAt(Instant notBefore, Instant notAfter, double jitter) {
    if (!(jitter >= 0 && jitter < 1)) {
      throw new IllegalArgumentException("jitter " + jitter + " (expected 0 to below 1)");
    }
    if (!notBefore.isBefore(notAfter)) {
      return notAfter;
    }
    // In seconds: a life between any two instants fits.
    Duration life = Duration.between(notBefore, notAfter);
    double seconds = life.toSeconds() * (MIDDLE + (jitter - MIDDLE) * SPREAD);
    long whole = (long) seconds;
    return notBefore.plusSeconds(whole).plusMillis((long) ((seconds - whole) * MILLIS));
  }
}
