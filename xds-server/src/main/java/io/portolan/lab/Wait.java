package io.portolan.lab;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Bounded waiting for something outside this process. */
final class Wait {
  private static final long PAUSE_NANOS = 50_000_000;

  private Wait() {}

  /**
   * Waits until it is so.
   *
   * @throws IOException naming what was waited for, when the time is over
   */
  static void until(Duration longest, String what, BooleanSupplier condition) throws IOException {
    if (!happens(longest, condition)) {
      throw new IOException("waited " + longest.toSeconds() + " s in vain for " + what);
    }
  }

  /** Waits until it is so; false when the time is over. */
  static boolean happens(Duration longest, BooleanSupplier condition) {
    long end = System.nanoTime() + longest.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end || Thread.currentThread().isInterrupted()) {
        return false;
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    return true;
  }
}
