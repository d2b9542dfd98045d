/**
 * The check of a made certificate before it leaves: every rule of its template once more, and which
 * keys are allowed at all.
 *
 * <p>In: a certificate, its issuer and what was asked for. Out: everything that is wrong.
 *
 * <p>Must hold: a field of a template has its check here, extensions that are in no template
 * included.
 */
@NullMarked
package io.portolan.ca.validate;

import org.jspecify.annotations.NullMarked;
