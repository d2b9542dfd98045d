/**
 * The registry as one immutable value.
 *
 * <p>In: a delta. Out: the next image, sharing every section the delta did not touch. Must hold:
 * the image is a function of the objects in it, whatever the order and batching they came in.
 */
@NullMarked
package io.portolan.registry.image;

import org.jspecify.annotations.NullMarked;
