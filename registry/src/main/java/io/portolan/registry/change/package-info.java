/**
 * What sources say: one change per outside object.
 *
 * <p>In: translated objects. Out: changes for the loader. Must hold: changes of one object replace
 * one another; changes of different objects commute, so any batching gives the same image.
 */
@NullMarked
package io.portolan.registry.change;

import org.jspecify.annotations.NullMarked;
