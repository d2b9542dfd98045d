package io.portolan.registry.source.kubernetes.leader;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The decisions of one candidate: a value. Time comes in as two readings, since each clock has a
 * hole of its own: a monotonic one may stand still while the machine sleeps, a wall clock may be
 * set back.
 *
 * <p>The times inside a Lease are by other machines' clocks, so they are never compared with ours:
 * a Lease has expired when its stored form has not changed for its duration, as seen from here
 * (client-go's rule).
 *
 * @param identity of this candidate, unique per process
 * @param seen the Lease as last read, null before the first look
 * @param seenSince when {@code seen} was first read in this form
 * @param renewalSent when the renewal that made or keeps this candidate the leader was about to be
 *     sent; null when it is not the leader
 */
public record Election(
    String identity,
    LeaseTimes times,
    @Nullable LeaseRecord seen,
    Reading seenSince,
    @Nullable Reading renewalSent) {

  /**
   * Both clocks at one moment.
   *
   * @param monotonic nanoseconds of {@link System#nanoTime}
   */
  public record Reading(long monotonic, Instant wall) {
    /** The longer of the two distances; a wall clock that went back counts as none. */
    Duration since(Reading earlier) {
      Duration steady = Duration.ofNanos(monotonic - earlier.monotonic);
      Duration wallTime = Duration.between(earlier.wall, wall);
      return steady.compareTo(wallTime) >= 0 ? steady : wallTime;
    }

    /**
     * By the monotonic clock alone: a wall clock that was set must not take a Lease from anybody.
     */
    Duration steadySince(Reading earlier) {
      return Duration.ofNanos(monotonic - earlier.monotonic);
    }
  }

  /** A candidate that has seen nothing. */
  public static Election candidate(String identity, LeaseTimes times, Reading now) {
    return new Election(identity, times, null, now, null);
  }

  /** Whether this candidate may believe, at this moment, that it leads. */
  public boolean leads(Reading now) {
    Reading sent = renewalSent;
    return sent != null && now.since(sent).compareTo(times.renewDeadline()) < 0;
  }

  /** After a read. */
  public Election saw(@Nullable LeaseRecord lease, Reading now) {
    boolean same = lease == null ? seen == null : lease.equals(seen);
    boolean mine = lease != null && lease.holder().equals(identity);
    return new Election(identity, times, lease, same ? seenSince : now, mine ? renewalSent : null);
  }

  /**
   * What to write now, empty when there is nothing to write: somebody else leads, and lives.
   *
   * @param now before the write is sent
   */
  public Optional<LeaseRecord> proposal(Reading now) {
    LeaseRecord lease = seen;
    if (lease == null) {
      return Optional.of(new LeaseRecord(identity, times.lease(), now.wall(), now.wall(), 0, ""));
    }
    if (lease.holder().equals(identity) && renewalSent != null) {
      return Optional.of(
          new LeaseRecord(
              identity,
              times.lease(),
              lease.acquired(),
              now.wall(),
              lease.transitions(),
              lease.version()));
    }
    // An own Lease without a renewal of this process is one of an earlier life: it is taken like
    // any other, with a new fencing number, but without waiting for it to expire.
    boolean free = lease.holder().isEmpty() || lease.holder().equals(identity);
    if (!free && now.steadySince(seenSince).compareTo(lease.duration()) < 0) {
      return Optional.empty();
    }
    return Optional.of(
        new LeaseRecord(
            identity,
            times.lease(),
            now.wall(),
            now.wall(),
            lease.transitions() + 1,
            lease.version()));
  }

  /**
   * After a write that was stored.
   *
   * @param sent reading from before it was sent
   */
  public Election wrote(LeaseRecord stored, Reading sent) {
    return new Election(identity, times, stored, sent, sent);
  }

  /** What to write to let go, empty when there is nothing to let go. */
  public Optional<LeaseRecord> release(Reading now) {
    LeaseRecord lease = seen;
    return lease != null && lease.holder().equals(identity) && renewalSent != null
        ? Optional.of(
            new LeaseRecord(
                "",
                Duration.ofSeconds(1),
                lease.acquired(),
                now.wall(),
                lease.transitions(),
                lease.version()))
        : Optional.empty();
  }
}
