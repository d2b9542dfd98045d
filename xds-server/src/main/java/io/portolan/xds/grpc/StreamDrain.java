package io.portolan.xds.grpc;

import io.grpc.Status;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * The streams that are open, and how they are ended before the process is: spread over a while,
 * each at a random moment, so that the replicas that take over are not asked by everybody at once.
 * Safe for any thread.
 */
final class StreamDrain {
  /** Tells a client to go elsewhere: Envoy connects again on it, and does not call it an error. */
  static final Status GOING =
      Status.UNAVAILABLE.withDescription("the control plane is shutting down, connect again");

  /** A replica that takes over gets about this much room for each stream. */
  static final Duration PER_STREAM = Duration.ofMillis(20);

  private final Set<Stream> open = ConcurrentHashMap.newKeySet();
  private final CompletableFuture<Void> drained = new CompletableFuture<>();
  private volatile boolean draining;

  /** A stream as far as its end is concerned. */
  interface Stream {
    /** Ends it; any thread, without effect when it has ended. */
    void end(Status reason);
  }

  /** Takes a stream in; false when it came too late. */
  boolean admit(Stream stream) {
    open.add(stream);
    if (draining) {
      ended(stream);
      return false;
    }
    return true;
  }

  /** A stream has ended, for whatever reason. */
  void ended(Stream stream) {
    open.remove(stream);
    if (draining && open.isEmpty()) {
      drained.complete(null);
    }
  }

  /** How many are open. */
  int open() {
    return open.size();
  }

  /**
   * Ends every stream.
   *
   * @param longest over how long; few streams take less
   * @return done when no stream is open
   */
  CompletableFuture<Void> begin(
      Duration longest, ScheduledExecutorService timer, RandomGenerator random) {
    draining = true;
    Set<Stream> now = Set.copyOf(open);
    if (now.isEmpty()) {
      drained.complete(null);
    }
    long window = Math.min(longest.toNanos(), PER_STREAM.multipliedBy(now.size()).toNanos());
    for (Stream stream : now) {
      long delay = window <= 0 ? 0 : random.nextLong(window);
      var _ = timer.schedule(() -> stream.end(GOING), delay, TimeUnit.NANOSECONDS);
    }
    return drained;
  }
}
