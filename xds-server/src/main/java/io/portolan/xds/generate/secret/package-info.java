/** Secrets and the TLS contexts that name them. */
@NullMarked
package io.portolan.xds.generate.secret;

import org.jspecify.annotations.NullMarked;
