/** Rooms of this module; see ARCHITECTURE.md. */
@NullMarked
package io.portolan.xds;

import org.jspecify.annotations.NullMarked;
