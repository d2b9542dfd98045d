package io.portolan.xds.view;

import io.portolan.registry.model.Health;
import io.portolan.registry.model.Locality;
import java.util.List;

/**
 * An address on its way into a load assignment.
 *
 * @param rank smaller is earlier; ranks become priorities without gaps
 * @param pattern index of the pattern of {@code distribute} that names it, or {@link
 *     Nearness#UNNAMED}
 * @param weight relative to all others; any magnitude
 * @param target SNI of the service it belongs to when that is another one, else empty
 * @param own it belongs to the cluster of the scope
 */
record Candidate(
    String address,
    List<String> otherAddresses,
    int port,
    int rank,
    int pattern,
    Locality locality,
    Health health,
    long weight,
    boolean meshTls,
    String target,
    String workload,
    boolean own,
    AssignmentView.Why why) {
  Candidate weighing(long next) {
    return new Candidate(
        address,
        otherAddresses,
        port,
        rank,
        pattern,
        locality,
        health,
        next,
        meshTls,
        target,
        workload,
        own,
        why);
  }

  /** Whether it takes the place of another with the same address: own cluster, then health. */
  boolean beats(Candidate other) {
    if (own != other.own) {
      return own;
    }
    return health == Health.HEALTHY && other.health != Health.HEALTHY;
  }
}
