package io.portolan.xds.view;

import io.portolan.registry.model.Health;
import io.portolan.registry.model.Locality;
import java.util.List;

/**
 * An address on its way into a load assignment.
 *
 * @param rank smaller is earlier; ranks become priorities without gaps
 * @param weight relative to all others; any magnitude
 * @param own it belongs to the cluster of the scope
 */
record Candidate(
    String address,
    List<String> otherAddresses,
    int port,
    int rank,
    Locality locality,
    Health health,
    long weight,
    boolean meshTls,
    String workload,
    boolean own,
    AssignmentView.Why why) {
  Candidate times(long factor) {
    return new Candidate(
        address,
        otherAddresses,
        port,
        rank,
        locality,
        health,
        weight * factor,
        meshTls,
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
