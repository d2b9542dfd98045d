package io.portolan.registry.source.kubernetes.leader;

import java.time.Duration;
import java.time.Instant;

/**
 * A Lease as it is stored (coordination.k8s.io/v1).
 *
 * @param holder identity of the leader, empty when it let go
 * @param duration how long its claim lasts after a renewal
 * @param acquired when it became the leader, by its own clock; for people
 * @param renewed when it last renewed, by its own clock; never compared with another clock
 * @param transitions how often the holder has changed: the fencing number
 * @param version resourceVersion, empty for a Lease that is not stored yet
 */
public record LeaseRecord(
    String holder,
    Duration duration,
    Instant acquired,
    Instant renewed,
    int transitions,
    String version) {
  /** The same with a fencing number that is not below this one. */
  LeaseRecord atLeast(int least) {
    return transitions >= least
        ? this
        : new LeaseRecord(holder, duration, acquired, renewed, least, version);
  }
}
