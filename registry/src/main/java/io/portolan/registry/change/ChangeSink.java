package io.portolan.registry.change;

import java.util.List;

/** Where sources hand their changes. Safe for any thread; never blocks on I/O. */
public interface ChangeSink {
  /**
   * Offers changes that are true together: they enter the same image.
   *
   * @param source name of the source, for readiness
   */
  void offer(String source, List<Change> changes);

  /** Says that a source has read everything once. */
  void synced(String source);
}
