package io.portolan.registry.federation;

import io.portolan.registry.model.MeshSettings;

/**
 * What is concluded about one gateway from its probes: a value with hysteresis.
 *
 * @param up the conclusion in force
 * @param streak consecutive probes that disagree with it
 * @param reason why the conclusion is in force
 */
public record GatewayHealthState(boolean up, int streak, String reason) {
  /** Before the first probe. */
  public static final GatewayHealthState INITIAL =
      new GatewayHealthState(true, 0, "not probed yet");

  /** The state after one more probe. */
  public GatewayHealthState after(ProbeResult result, MeshSettings.GatewayProbe settings) {
    if (result.ok() == up) {
      return new GatewayHealthState(
          up, 0, reason.equals(INITIAL.reason) ? "probe answered" : reason);
    }
    int next = streak + 1;
    int needed = up ? settings.failures() : settings.successes();
    if (next < needed) {
      return new GatewayHealthState(up, next, reason);
    }
    return result.ok()
        ? new GatewayHealthState(true, 0, needed + " probes in a row answered")
        : new GatewayHealthState(
            false, 0, needed + " probes in a row failed, last: " + result.detail());
  }
}
