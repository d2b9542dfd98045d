package io.portolan.registry.change;

import io.portolan.registry.model.Kind;
import java.util.Set;

/** Who is a member of the federation. Safe for any thread; never blocks on I/O. */
public interface ClusterMembers {
  /**
   * Announces a cluster whose API server is going to be read.
   *
   * <p>When the cluster is a member already this begins a replacement, as after the rotation of a
   * credential: the old feed stays in force until the new one has listed every kind, then the new
   * one takes over and exactly the difference is published. Calls to a feed that was replaced have
   * no effect.
   *
   * @param kinds the kinds that the reader is going to list; the cluster has synced when all are
   * @return where the reader reports
   */
  ClusterFeed join(String cluster, Set<Kind> kinds);

  /** A cluster leaves on purpose: it is drained first and then dropped whole. */
  void leave(String cluster);

  /**
   * The members at start have all been announced: the start waits for these and no others, and
   * clusters that are only known from a last-good snapshot leave. Later calls have no effect.
   */
  default void complete() {}
}
