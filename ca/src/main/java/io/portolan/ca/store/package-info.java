/** CA material on disk: owner-only, checked together, written atomically. */
@NullMarked
package io.portolan.ca.store;

import org.jspecify.annotations.NullMarked;
