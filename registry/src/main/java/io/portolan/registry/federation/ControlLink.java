package io.portolan.registry.federation;

import io.portolan.registry.model.ClusterHealth;
import java.time.Duration;

/**
 * The link to a cluster's API server: a value with hysteresis.
 *
 * @param lost the conclusion in force
 * @param bad what the last look says, before hysteresis
 * @param silence time since the last sign of life
 * @param calm time since it was last bad
 * @param failure the last failure since the last sign of life, or empty
 */
record ControlLink(boolean lost, boolean bad, Duration silence, Duration calm, String failure) {
  static final ControlLink FRESH = new ControlLink(false, false, Duration.ZERO, Duration.ZERO, "");

  ControlLink elapsed(Duration step) {
    return new ControlLink(
        lost, bad, silence.plus(step), bad ? Duration.ZERO : calm.plus(step), failure);
  }

  ControlLink progress() {
    return new ControlLink(lost, bad, Duration.ZERO, calm, "");
  }

  ControlLink failed(String reason) {
    return new ControlLink(lost, bad, silence, calm, reason);
  }

  ControlLink concluded(ClusterHealth health) {
    boolean now =
        silence.compareTo(health.controlSilentAfter()) >= 0
            || (!failure.isEmpty() && silence.compareTo(health.controlFailedAfter()) >= 0);
    boolean next = now || (lost && calm.compareTo(health.recovery()) < 0);
    return new ControlLink(next, now, silence, now ? Duration.ZERO : calm, failure);
  }

  /** Why it is lost. */
  String reason() {
    if (!bad) {
      return "answers again, but not for long enough";
    }
    return failure.isEmpty() ? "no sign of life for " + silence.toSeconds() + " s" : failure;
  }
}
