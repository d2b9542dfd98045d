package io.portolan.registry.federation;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * What is known about one host name: a value. The last addresses stay while asking fails.
 *
 * @param addresses IP addresses in order; empty until the first answer
 * @param next when to ask again
 * @param failures failures in a row
 * @param problem what the last failure was, empty after a success
 */
public record HostState(List<String> addresses, Instant next, int failures, String problem) {
  /** An answer is never asked for again sooner than this. */
  public static final Duration LEAST_TTL = Duration.ofSeconds(30);

  /** An answer is never believed longer than this. */
  public static final Duration MOST_TTL = Duration.ofHours(1);

  private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
  private static final Duration LAST_RETRY = Duration.ofMinutes(1);
  private static final int DOUBLINGS = 6;

  public HostState {
    addresses = List.copyOf(addresses);
  }

  /** Before the first answer: due at once. */
  public static final HostState INITIAL = new HostState(List.of(), Instant.MIN, 0, "");

  /** True when it is time to ask. */
  public boolean due(Instant now) {
    return !now.isBefore(next);
  }

  /** The state after an answer: a success holds for its TTL, a failure is retried with back-off. */
  public HostState after(HostResolver.Answer answer, Instant now) {
    if (answer.addresses().isEmpty()) {
      Duration pause = FIRST_RETRY.multipliedBy(1L << Math.min(failures, DOUBLINGS));
      return new HostState(
          addresses,
          now.plus(pause.compareTo(LAST_RETRY) > 0 ? LAST_RETRY : pause),
          failures + 1,
          answer.problem());
    }
    Duration ttl = answer.ttl();
    if (ttl.compareTo(LEAST_TTL) < 0) {
      ttl = LEAST_TTL;
    } else if (ttl.compareTo(MOST_TTL) > 0) {
      ttl = MOST_TTL;
    }
    // Name servers rotate their answers: the order must not look like a change.
    return new HostState(
        answer.addresses().stream().sorted().distinct().toList(), now.plus(ttl), 0, "");
  }
}
