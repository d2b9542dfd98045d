/** Sources: what turns outside objects into changes. */
@NullMarked
package io.portolan.registry.source;

import org.jspecify.annotations.NullMarked;
