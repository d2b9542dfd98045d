/**
 * The CA on the wire: {@code istio.v1.auth.IstioCertificateService}, and what peers bring to prove
 * who they are.
 *
 * <p>In: bytes of a certificate request, with a token or a client certificate. Out: a chain whose
 * last element is the bundle of roots, or a status.
 *
 * <p>Must hold: sizes are bounded before anything is parsed; the identity comes from authentication
 * alone; nothing blocks a thread of the transport; every certificate has an audit line.
 */
@NullMarked
package io.portolan.ca.grpc;

import org.jspecify.annotations.NullMarked;
