/** The trust bundle: the roots a proxy accepts. */
@NullMarked
package io.portolan.ca.trust;

import org.jspecify.annotations.NullMarked;
