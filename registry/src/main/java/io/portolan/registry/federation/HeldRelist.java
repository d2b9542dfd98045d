package io.portolan.registry.federation;

import io.portolan.registry.model.ClusterHealth;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/**
 * A list that lost too much to be believed at once.
 *
 * @param listed what it said, with the watch events since
 * @param since when the first list said so, on the member's own clock
 * @param at the same for people
 */
record HeldRelist(Map<ObjectRef, MeshObject> listed, Duration since, Instant at) {
  /**
   * True when so few objects are left that a second list must confirm it. A kind that is replaced
   * by as many new objects is not doubted: a rollout during a gap of the watch renames every pod.
   */
  static boolean doubted(int before, int after, ClusterHealth.Relist rule) {
    if (after == 0) {
      return before > 0;
    }
    return before >= rule.minimum() && 2L * after < before;
  }
}
