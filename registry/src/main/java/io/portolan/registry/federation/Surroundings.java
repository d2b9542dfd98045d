package io.portolan.registry.federation;

import io.portolan.registry.change.ChangeSink;
import io.portolan.registry.model.MeshSettings;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What every member uses.
 *
 * @param clock time for people
 * @param nanos time for timers: only differences count, as of {@link System#nanoTime}
 * @param published called when objects of a member came in force for the first time, under its lock
 */
record Surroundings(
    ChangeSink sink,
    Supplier<MeshSettings> settings,
    LastGood lastGood,
    FederationEvents events,
    FederationOptions options,
    InstantSource clock,
    LongSupplier nanos,
    Runnable published) {
  Duration now() {
    return Duration.ofNanos(nanos.getAsLong());
  }
}
