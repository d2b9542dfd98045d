package io.portolan.registry.federation;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known about one host name: a value. The last addresses stay while asking fails, and for
 * {@link #ABSENCE} while name servers say that there are none.
 *
 * @param addresses IP addresses in order; empty until the first answer
 * @param next when to ask again
 * @param failures failures in a row
 * @param problem what the last failure was, empty after a success
 * @param absentSince since when every name server that answered said that there are no addresses;
 *     null when the last word was another
 */
public record HostState(
    List<String> addresses,
    Instant next,
    int failures,
    String problem,
    @Nullable Instant absentSince) {
  /** An answer is never asked for again sooner than this. */
  public static final Duration LEAST_TTL = Duration.ofSeconds(30);

  /** An answer is never believed longer than this. */
  public static final Duration MOST_TTL = Duration.ofHours(1);

  /** A name that is gone for so long is believed to be. */
  public static final Duration ABSENCE = Duration.ofMinutes(5);

  private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
  private static final Duration LAST_RETRY = Duration.ofMinutes(1);
  private static final int DOUBLINGS = 6;

  public HostState {
    addresses = List.copyOf(addresses);
  }

  /** Before the first answer: due at once. */
  public static final HostState INITIAL = new HostState(List.of(), Instant.MIN, 0, "", null);

  /** True when it is time to ask. */
  public boolean due(Instant now) {
    return !now.isBefore(next);
  }

  /** The state after an answer: a success holds for its TTL, a failure is retried with back-off. */
  public HostState after(HostResolver.Answer answer, Instant now) {
    if (answer.addresses().isEmpty()) {
      Duration pause = FIRST_RETRY.multipliedBy(1L << Math.min(failures, DOUBLINGS));
      Instant since = absentSince == null && answer.absent() ? now : absentSince;
      boolean gone = answer.absent() && since != null && !now.isBefore(since.plus(ABSENCE));
      return new HostState(
          gone ? List.of() : addresses,
          now.plus(pause.compareTo(LAST_RETRY) > 0 ? LAST_RETRY : pause),
          failures + 1,
          answer.problem(),
          since);
    }
    Duration ttl = answer.ttl();
    if (ttl.compareTo(LEAST_TTL) < 0) {
      ttl = LEAST_TTL;
    } else if (ttl.compareTo(MOST_TTL) > 0) {
      ttl = MOST_TTL;
    }
    // Name servers rotate their answers: the order must not look like a change.
    return new HostState(
        answer.addresses().stream().sorted().distinct().toList(), now.plus(ttl), 0, "", null);
  }
}
