package io.portolan.registry.source.kubernetes;

import java.time.Duration;

/**
 * How a cluster is read.
 *
 * @param rootNamespace the mesh's root namespace
 * @param domain DNS suffix of Kubernetes services
 * @param watchLeast shortest time a watch is asked for, at least 1 s
 * @param watchMost longest time; each watch has a random one between, so that watches of a fleet do
 *     not end together
 * @param pageSize objects a page where lists are paged, at least 1
 * @param backOffLeast pause after the first failure
 * @param backOffMost longest pause; pauses double up to it and are spread over their upper half
 * @param silence a request that brings nothing for this long has failed. API servers send a
 *     bookmark a minute, so it has to be longer than that
 * @param missingRetry how often a kind that the API server does not have is asked for again
 */
public record ReaderSettings(
    String rootNamespace,
    String domain,
    Duration watchLeast,
    Duration watchMost,
    int pageSize,
    Duration backOffLeast,
    Duration backOffMost,
    Duration silence,
    Duration missingRetry) {
  public ReaderSettings {
    if (watchLeast.toSeconds() < 1 || watchMost.compareTo(watchLeast) < 0 || pageSize < 1) {
      throw new IllegalArgumentException(
          "watch timeout " + watchLeast + ".." + watchMost + ", page size " + pageSize);
    }
    if (backOffLeast.toMillis() < 1 || backOffMost.compareTo(backOffLeast) < 0) {
      throw new IllegalArgumentException("back-off " + backOffLeast + ".." + backOffMost);
    }
    if (silence.toMillis() < 4 || missingRetry.toMillis() < 1) {
      throw new IllegalArgumentException("silence " + silence + ", retry " + missingRetry);
    }
  }

  /** Watches of 5 to 10 min, pages of 500, back-off of 0.5 s to 30 s, silence of 80 s. */
  public static ReaderSettings of(String rootNamespace, String domain) {
    return new ReaderSettings(
        rootNamespace,
        domain,
        Duration.ofMinutes(5),
        Duration.ofMinutes(10),
        500,
        Duration.ofMillis(500),
        Duration.ofSeconds(30),
        Duration.ofSeconds(80),
        Duration.ofMinutes(1));
  }
}
