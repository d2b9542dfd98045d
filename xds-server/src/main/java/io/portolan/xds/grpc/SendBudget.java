package io.portolan.xds.grpc;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;

/**
 * Bounds the bytes that all streams together have given to their transports and that are not on the
 * wire yet. gRPC copies a response into direct memory as soon as it is sent, so a push to thousands
 * of proxies would otherwise hold all its copies at once, cold in every cache. Streams wait in the
 * order they asked; a stream that waits holds no room, so nothing can wait in a circle.
 *
 * <p>While somebody waits, claims held longer than {@code patience} stop counting: slow readers
 * hold up the others for at most twice that per {@code limit} bytes of theirs, once, since a stream
 * that has not taken its response asks for nothing. Their responses then cost memory beyond the
 * limit.
 *
 * <p>Safe for any thread. Grants run on the thread that made room, outside of the lock.
 */
final class SendBudget {
  private final long limit;
  private final Duration patience;
  private final Timer timer;
  private final Queue<Claim> waiting = new ArrayDeque<>();
  private final Set<Claim> held = new LinkedHashSet<>();
  private long taken;
  private long period;
  private boolean sweepPlanned;

  /**
   * @param limit bytes; one response may be larger when nothing else is on its way
   * @param patience how long a claim counts at least when others wait
   */
  SendBudget(long limit, Duration patience, Timer timer) {
    this.limit = limit;
    this.patience = patience;
    this.timer = timer;
  }

  /** Runs a task once, later, on any thread. */
  interface Timer {
    /** Runs it after {@code wait}. */
    void after(Duration wait, Runnable task);
  }

  /** A part of the budget, asked for by one stream; given back once. */
  final class Claim {
    private final int bytes;
    private final Runnable onGrant;
    private long since;
    private boolean granted;

    private Claim(int bytes, Runnable onGrant) {
      this.bytes = bytes;
      this.onGrant = onGrant;
    }

    /** Gives it back, or stops waiting for it. A second call has no effect. */
    void release() {
      List<Claim> next;
      synchronized (SendBudget.this) {
        if (!drop(this) && !waiting.remove(this)) {
          return;
        }
        next = admit();
      }
      next.forEach(c -> c.onGrant.run());
    }

    /** Whether the bytes may be sent; stays true once it is. */
    boolean isGranted() {
      synchronized (SendBudget.this) {
        return granted;
      }
    }
  }

  /**
   * Asks for room.
   *
   * @param onGrant runs later, once, when the claim is not granted at once and not released before
   */
  synchronized Claim claim(int bytes, Runnable onGrant) {
    Claim claim = new Claim(bytes, onGrant);
    if (waiting.isEmpty() && fits(bytes)) {
      grant(claim);
    } else {
      waiting.add(claim);
      planSweep();
    }
    return claim;
  }

  /** Bytes of the claims that count. */
  synchronized long taken() {
    return taken;
  }

  private boolean fits(int bytes) {
    return held.isEmpty() || taken + bytes <= limit;
  }

  private void grant(Claim claim) {
    claim.granted = true;
    claim.since = period;
    held.add(claim);
    taken += claim.bytes;
  }

  private boolean drop(Claim claim) {
    if (!held.remove(claim)) {
      return false;
    }
    taken -= claim.bytes;
    return true;
  }

  private List<Claim> admit() {
    List<Claim> admitted = new ArrayList<>();
    for (Claim head = waiting.peek(); head != null && fits(head.bytes); head = waiting.peek()) {
      waiting.remove();
      grant(head);
      admitted.add(head);
    }
    return admitted;
  }

  private void planSweep() {
    if (!sweepPlanned) {
      sweepPlanned = true;
      period++;
      timer.after(patience, this::sweep);
    }
  }

  private void sweep() {
    List<Claim> next;
    synchronized (this) {
      sweepPlanned = false;
      // What was granted before this sweep was planned has been held for all of the patience.
      Iterator<Claim> oldest = held.iterator();
      while (oldest.hasNext()) {
        Claim claim = oldest.next();
        if (claim.since == period) {
          break;
        }
        oldest.remove();
        taken -= claim.bytes;
      }
      next = admit();
      if (!waiting.isEmpty()) {
        planSweep();
      }
    }
    next.forEach(c -> c.onGrant.run());
  }
}
