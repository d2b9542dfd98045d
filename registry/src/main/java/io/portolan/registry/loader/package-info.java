/**
 * The one writer: gathers changes, applies them, publishes images.
 *
 * <p>In: changes from any thread. Out: {@link io.portolan.registry.image.ImageChange} to readers,
 * in order. Must hold: only the loop thread writes the current image, and nothing is published
 * before every source has synced.
 */
@NullMarked
package io.portolan.registry.loader;

import org.jspecify.annotations.NullMarked;
