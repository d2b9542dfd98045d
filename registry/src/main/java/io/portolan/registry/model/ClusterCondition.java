package io.portolan.registry.model;

/**
 * What is concluded about a member cluster, and what that does to its endpoints in the eyes of
 * proxies of other clusters. Proxies of the cluster itself keep seeing their own endpoints as they
 * are.
 *
 * @param phase where the cluster is in its life
 * @param treatment what happens to its endpoints
 * @param reason one line for people: which signal, since when
 * @param restored its objects come from the last-good snapshot on disk, not from its source
 */
public record ClusterCondition(Phase phase, Treatment treatment, String reason, boolean restored) {
  /** Before anything is concluded: endpoints are as their source says. */
  public static final ClusterCondition UNWATCHED =
      new ClusterCondition(Phase.LIVE, Treatment.KEEP, "", false);

  /** The life of a member. */
  public enum Phase {
    /** Known, but not read completely yet. */
    JOINING,
    /** Both signals are good. */
    LIVE,
    /** One signal is lost. */
    STALE,
    /** Both signals are lost. */
    LOST,
    /** Leaving on purpose: traffic moves away before its objects go. */
    DRAINING
  }

  /** What happens to the endpoints of a cluster, from mild to hard. */
  public enum Treatment {
    /** Nothing. */
    KEEP,
    /** They come after all others. */
    DEMOTE,
    /** They are sent as unhealthy. */
    UNHEALTHY,
    /** They are not sent. */
    WITHDRAW
  }
}
