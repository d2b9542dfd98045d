package io.portolan.registry.federation;

import io.portolan.registry.model.ClusterHealth;
import io.portolan.registry.model.ClusterHealth.Data;
import java.time.Duration;

/**
 * The path to a cluster's workloads: a value with hysteresis on the way back. On the way down the
 * probes have their own.
 *
 * @param concluded the conclusion in force
 * @param seen what the probes say now
 * @param calm time since they last said lost
 * @param reason why they say so
 */
record DataPath(Data concluded, Data seen, Duration calm, String reason) {
  static final DataPath FRESH =
      new DataPath(Data.UNKNOWN, Data.UNKNOWN, Duration.ZERO, "no gateway is known");

  DataPath elapsed(Duration step) {
    return new DataPath(
        concluded, seen, seen == Data.LOST ? Duration.ZERO : calm.plus(step), reason);
  }

  DataPath seen(Data data, String why) {
    return new DataPath(concluded, data, calm, why);
  }

  DataPath concluded(ClusterHealth health) {
    boolean stays =
        concluded == Data.LOST && seen != Data.LOST && calm.compareTo(health.recovery()) < 0;
    return new DataPath(
        stays ? Data.LOST : seen, seen, seen == Data.LOST ? Duration.ZERO : calm, reason);
  }

  /** Why it is lost or unknown. */
  String why() {
    return concluded == Data.LOST && seen != Data.LOST
        ? "gateways answer again, but not for long enough"
        : reason;
  }
}
