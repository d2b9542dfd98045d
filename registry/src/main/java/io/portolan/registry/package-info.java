/** Rooms of this module; see ARCHITECTURE.md. */
@NullMarked
package io.portolan.registry;

import org.jspecify.annotations.NullMarked;
