package io.portolan.registry.model;

/** What the source says about an endpoint. */
public enum Health {
  /** Ready for traffic. */
  HEALTHY,
  /** Not ready. */
  UNHEALTHY,
  /** Terminating but still serving. */
  DRAINING
}
