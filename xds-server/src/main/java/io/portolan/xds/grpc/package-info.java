/**
 * The gRPC edge of the streams.
 *
 * <p>In: bytes of ADS requests. Out: bytes of responses, pointing to shared resources. Must hold:
 * one serial executor per stream; a reader that stalls holds one snapshot and one position, never a
 * queue; every size is bounded.
 */
@NullMarked
package io.portolan.xds.grpc;

import org.jspecify.annotations.NullMarked;
