/**
 * The certificate authority: identities, tokens, certificates, trust bundles.
 *
 * <p>Must hold: an identity comes from authentication alone; a certificate never outlives its
 * issuer; no private key reaches a log, a {@code toString}, an exception or a page.
 */
@NullMarked
package io.portolan.ca;

import org.jspecify.annotations.NullMarked;
