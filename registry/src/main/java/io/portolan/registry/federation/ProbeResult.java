package io.portolan.registry.federation;

/** Outcome of one probe; {@code detail} says what was seen. */
public record ProbeResult(boolean ok, String detail) {}
