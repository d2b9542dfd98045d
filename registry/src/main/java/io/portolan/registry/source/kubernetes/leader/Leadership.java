package io.portolan.registry.source.kubernetes.leader;

import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes part in the election of the replica that writes. What is read and served never depends on
 * it.
 */
public final class Leadership implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);

  private final LeaseStore store;
  private final Supplier<Election.Reading> clock;
  private final ScheduledExecutorService timer;
  private final Object lock = new Object();
  private Election election;
  private boolean led;
  private int floor;
  private String failure = "";

  /**
   * The right to write, for one holder of the Lease.
   *
   * @param holder identity
   * @param transitions grows with every new leader: a store that remembers the greatest number it
   *     has seen refuses an older one
   */
  public record Fencing(String holder, int transitions) {}

  /** Something that only the leader does. */
  @FunctionalInterface
  public interface Work {
    /** Writes; the fencing number goes along where the store can compare it. */
    void run(Fencing fencing) throws IOException;
  }

  /**
   * For people.
   *
   * @param leading this replica leads
   * @param leader identity of whoever holds the Lease, empty for nobody or when it is not known
   * @param since when the leader took the Lease, by its own clock
   * @param renewed by the leader's own clock
   * @param failure why the Lease could not be read or written, empty when it could
   */
  public record Status(
      String identity,
      boolean leading,
      String leader,
      int transitions,
      Instant since,
      Instant renewed,
      String failure) {}

  /**
   * @param identity unique per process, such as pod name and a random part
   * @param clock both clocks, safe for any thread
   * @param timer looks at the Lease; closed with this object
   */
  public Leadership(
      String identity,
      LeaseTimes times,
      LeaseStore store,
      Supplier<Election.Reading> clock,
      ScheduledExecutorService timer) {
    this.store = store;
    this.clock = clock;
    this.timer = timer;
    this.election = Election.candidate(identity, times, clock.get());
  }

  /** Begins to look, first at once. */
  public void start() {
    long pause = election().times().retry().toMillis();
    var _ = timer.scheduleWithFixedDelay(this::step, 0, pause, TimeUnit.MILLISECONDS);
  }

  private Election election() {
    synchronized (lock) {
      return election;
    }
  }

  /** One look at the Lease, and one write where it is ours or free. Only on the timer's thread. */
  void step() {
    try {
      // A read before the proposal: the version of the last write may be old, and an expired
      // holder may have come back.
      Election now = election().saw(store.read().orElse(null), clock.get());
      set(now);
      Election.Reading sent = clock.get();
      Optional<LeaseRecord> proposal = now.proposal(sent).map(this::raised);
      if (proposal.isPresent()) {
        store.write(proposal.get()).ifPresent(stored -> set(now.wrote(stored, sent)));
      }
      failed("");
    } catch (IOException | RuntimeException e) {
      failed(String.valueOf(e.getMessage()));
    }
    announce();
  }

  private LeaseRecord raised(LeaseRecord proposal) {
    synchronized (lock) {
      return proposal.atLeast(floor);
    }
  }

  /**
   * Has the fencing number grow beyond one that was met in what an earlier leader wrote: the Lease
   * was deleted since, and began again. The next renewal does it; only the leader's can.
   */
  public void outgrow(int met) {
    synchronized (lock) {
      floor = Math.max(floor, met + 1);
    }
  }

  private void set(Election next) {
    synchronized (lock) {
      election = next;
    }
  }

  private void failed(String reason) {
    synchronized (lock) {
      if (!reason.equals(failure) && !reason.isEmpty()) {
        LOG.warn("lease cannot be used reason=\"{}\"", reason);
      }
      failure = reason;
    }
  }

  private void announce() {
    boolean now = leads();
    synchronized (lock) {
      if (now != led) {
        LeaseRecord seen = election.seen();
        LOG.info(
            "leadership {} identity={} transitions={}",
            now ? "taken" : "lost",
            election.identity(),
            seen == null ? "-" : seen.transitions());
      }
      led = now;
    }
  }

  /** Whether this replica may believe, right now, that it leads. Any thread. */
  public boolean leads() {
    return election().leads(clock.get());
  }

  /**
   * Runs something when this replica leads. The Lease is read once more right before: a replica
   * that was frozen or cut off since its last look finds out here.
   *
   * @return whether it ran
   * @throws IOException from the work, or when the Lease cannot be read: then it did not run
   */
  public boolean runIfLeader(Work work) throws IOException {
    if (!leads()) {
      return false;
    }
    Election before = election();
    LeaseRecord held = before.seen();
    LeaseRecord stored = store.read().orElse(null);
    if (held == null
        || stored == null
        || !stored.holder().equals(before.identity())
        || stored.transitions() != held.transitions()
        || !leads()) {
      return false;
    }
    work.run(new Fencing(stored.holder(), stored.transitions()));
    return true;
  }

  /** Any thread. */
  public Status status() {
    Election now = election();
    LeaseRecord seen = now.seen();
    String problem;
    synchronized (lock) {
      problem = failure;
    }
    return new Status(
        now.identity(),
        leads(),
        seen == null ? "" : seen.holder(),
        seen == null ? 0 : seen.transitions(),
        seen == null ? Instant.EPOCH : seen.acquired(),
        seen == null ? Instant.EPOCH : seen.renewed(),
        problem);
  }

  /**
   * Lets go of the Lease, so that another replica need not wait for it to expire, and takes no part
   * any more.
   *
   * @return done when the Lease was given up, or could not be
   */
  public CompletableFuture<Void> resign() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    try {
      timer.execute(
          () -> {
            try {
              release();
            } finally {
              timer.shutdownNow();
              done.complete(null);
            }
          });
    } catch (RejectedExecutionException e) {
      done.complete(null);
    }
    return done;
  }

  @Override
  public void close() {
    var _ = resign();
  }

  private void release() {
    Election now = election();
    Optional<LeaseRecord> release = now.release(clock.get());
    // From here on this replica does not believe, whether the write works or not.
    set(Election.candidate(now.identity(), now.times(), clock.get()));
    if (release.isPresent()) {
      try {
        var _ = store.write(release.get());
      } catch (IOException | RuntimeException e) {
        LOG.info("lease not released, it will expire reason=\"{}\"", e.getMessage());
      }
    }
  }
}
