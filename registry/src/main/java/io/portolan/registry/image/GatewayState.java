package io.portolan.registry.image;

/** What the probe last concluded about a gateway. */
public record GatewayState(boolean up, String reason) {
  /** Before any conclusion a gateway counts as up. */
  public static final GatewayState UNKNOWN = new GatewayState(true, "not probed yet");
}
