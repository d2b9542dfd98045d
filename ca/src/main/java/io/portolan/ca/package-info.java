/** Rooms of this module; see ARCHITECTURE.md. */
@NullMarked
package io.portolan.ca;

import org.jspecify.annotations.NullMarked;
