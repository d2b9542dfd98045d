/** Who is calling: join tokens and client certificates. */
@NullMarked
package io.portolan.ca.authn;

import org.jspecify.annotations.NullMarked;
