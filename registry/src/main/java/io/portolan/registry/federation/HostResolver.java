package io.portolan.registry.federation;

import java.time.Duration;
import java.util.List;

/** Finds the addresses of a host name. Blocks; called on virtual threads. */
@FunctionalInterface
public interface HostResolver {
  /** Never throws: every failure is an answer without addresses. */
  Answer resolve(String host);

  /**
   * What was found.
   *
   * @param addresses IP addresses, none when the name could not be resolved
   * @param ttl how long they hold
   * @param problem one line for people, empty when there are addresses
   * @param absent a name server said that there are no addresses; else asking failed
   */
  record Answer(List<String> addresses, Duration ttl, String problem, boolean absent) {
    public Answer {
      addresses = List.copyOf(addresses);
    }

    /** A failure. */
    public static Answer failed(String problem) {
      return new Answer(List.of(), Duration.ZERO, problem, false);
    }

    /** The word of a name server that there are none. */
    public static Answer absent(String problem) {
      return new Answer(List.of(), Duration.ZERO, problem, true);
    }
  }
}
