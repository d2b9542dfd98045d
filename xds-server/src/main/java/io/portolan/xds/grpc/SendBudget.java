package io.portolan.xds.grpc;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/**
 * Bounds the bytes that all streams together have given to their transports and that are not on the
 * wire yet. gRPC copies a response into direct memory as soon as it is sent, so a push to thousands
 * of proxies would otherwise hold all its copies at once. Streams wait in the order they asked.
 *
 * <p>Safe for any thread; grants run on the thread that made room.
 */
final class SendBudget {
  private final long limit;
  private final Queue<Claim> waiting = new ArrayDeque<>();
  private long taken;

  /**
   * @param limit bytes; one response may be larger when nothing else is on its way
   */
  SendBudget(long limit) {
    this.limit = limit;
  }

  /** A part of the budget, asked for by one stream; given back once. */
  final class Claim {
    private final int bytes;
    private final Runnable granted;
    private boolean held;
    private boolean over;

    private Claim(int bytes, Runnable granted) {
      this.bytes = bytes;
      this.granted = granted;
    }

    /** Gives it back, or stops waiting for it. A second call has no effect. */
    void release() {
      List<Claim> next;
      synchronized (SendBudget.this) {
        if (over) {
          return;
        }
        over = true;
        if (held) {
          taken -= bytes;
        } else {
          waiting.remove(this);
        }
        next = admit();
      }
      next.forEach(c -> c.granted.run());
    }

    /** Whether the bytes may be sent. */
    boolean isHeld() {
      synchronized (SendBudget.this) {
        return held && !over;
      }
    }
  }

  /**
   * Asks for room.
   *
   * @param granted runs later, once, when the claim is not held at once
   */
  Claim claim(int bytes, Runnable granted) {
    synchronized (this) {
      Claim claim = new Claim(bytes, granted);
      if (waiting.isEmpty() && fits(bytes)) {
        hold(claim);
      } else {
        waiting.add(claim);
      }
      return claim;
    }
  }

  private boolean fits(int bytes) {
    return taken == 0 || taken + bytes <= limit;
  }

  private void hold(Claim claim) {
    claim.held = true;
    taken += claim.bytes;
  }

  private List<Claim> admit() {
    List<Claim> admitted = new ArrayList<>();
    for (Claim head = waiting.peek(); head != null && fits(head.bytes); head = waiting.peek()) {
      waiting.remove();
      hold(head);
      admitted.add(head);
    }
    return admitted;
  }
}
