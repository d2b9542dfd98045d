/**
 * What a proxy should hold: encoded resources, sets of them, and the difference of two sets.
 *
 * <p>In: generated messages. Out: immutable values whose bytes are encoded once and shared by every
 * proxy that receives them. Must hold: a version is the hash of the deterministic bytes; a name
 * occurs once in a set.
 */
@NullMarked
package io.portolan.xds.snapshot;

import org.jspecify.annotations.NullMarked;
