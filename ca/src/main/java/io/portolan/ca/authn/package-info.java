/**
 * Who is calling: join tokens and client certificates.
 *
 * <p>In: the text of a token; the leaf that TLS has verified. Out: the identity, or a refusal with
 * its reason.
 *
 * <p>Must hold: an identity comes out only after the signature and every claim held; a refusal
 * never quotes the token; the token key never leaves its owner-only file and this package.
 */
@NullMarked
package io.portolan.ca.authn;

import org.jspecify.annotations.NullMarked;
