/** When a certificate is renewed. */
@NullMarked
package io.portolan.ca.rotate;

import org.jspecify.annotations.NullMarked;
