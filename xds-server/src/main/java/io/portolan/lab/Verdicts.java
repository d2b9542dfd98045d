package io.portolan.lab;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Help.Ansi;

/** What a script has found: one line per expectation. */
final class Verdicts {
  private final PrintWriter out;
  private int failed;
  private int passed;

  Verdicts(PrintWriter out) {
    this.out = out;
  }

  /** Says whether an expectation holds. */
  void verdict(boolean good, String text) {
    if (good) {
      passed++;
    } else {
      failed++;
    }
    out.println(Ansi.AUTO.string(good ? "  @|green ✔|@ " : "  @|bold,red ✘|@ ") + text);
    out.flush();
  }

  /** Says something that is neither good nor bad. */
  void note(String text) {
    out.println("      " + text);
    out.flush();
  }

  /** Says the sum; true when every expectation held. */
  boolean close(double seconds) {
    String took = String.format(java.util.Locale.ROOT, " in %.0f s", seconds);
    out.println();
    out.println(
        Ansi.AUTO.string(
            failed == 0
                ? "@|bold,green PASSED|@ " + passed + " expectations" + took
                : "@|bold,red FAILED|@ "
                    + failed
                    + " of "
                    + (passed + failed)
                    + " expectations"
                    + took));
    out.flush();
    return failed == 0;
  }

  /** Lets traffic run for a while. */
  static void pause(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < end && !Thread.currentThread().isInterrupted()) {
      LockSupport.parkNanos(end - System.nanoTime());
    }
  }
}
