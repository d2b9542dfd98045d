/**
 * The xDS protocol as a state machine.
 *
 * <p>In: requests and snapshots as events. Out: actions. Must hold: no gRPC, clock, thread or I/O;
 * a client that follows the protocol ends with exactly the snapshot, whatever the order of events;
 * nothing that a client is known to hold is sent again; make before break.
 */
@NullMarked
package io.portolan.xds.stream;

import org.jspecify.annotations.NullMarked;
