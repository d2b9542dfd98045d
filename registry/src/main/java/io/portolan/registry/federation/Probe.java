package io.portolan.registry.federation;

import java.time.Duration;

/** Asks one gateway for a sign of life. Blocks; called on virtual threads. */
@FunctionalInterface
public interface Probe {
  /** Never throws: every failure is a result. */
  ProbeResult probe(String address, int port, Duration timeout);
}
