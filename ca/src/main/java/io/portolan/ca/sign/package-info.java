/**
 * Signing: workload certificates of a cluster's authority, and the certificate of the xDS port.
 *
 * <p>In: an authenticated identity, a lifetime, perhaps a certificate request of which only the key
 * is read. Out: a certificate chain without the root, with its key when that was made here.
 *
 * <p>Must hold: nothing leaves that {@code validate} finds fault with; every certificate of a
 * workload has an audit line; no text shows a private key.
 */
@NullMarked
package io.portolan.ca.sign;

import org.jspecify.annotations.NullMarked;
