/**
 * Wiring: reads the settings once, connects the rooms, owns the threads and ports of a process.
 *
 * <p>In: {@link io.portolan.server.ServerSettings}. Out: a running control plane. Must hold: no
 * room reads a flag, an environment variable or a clock of its own.
 */
@NullMarked
package io.portolan.server;

import org.jspecify.annotations.NullMarked;
