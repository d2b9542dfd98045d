/**
 * Who is pushed, and when.
 *
 * <p>In: image changes and connected proxies. Out: one snapshot per proxy, handed to its stream.
 * Must hold: the first change after quiet goes out at once, a storm is gathered; proxies of one
 * scope share their layers; a failure in one scope or proxy leaves it on its last good snapshot and
 * touches no other.
 */
@NullMarked
package io.portolan.xds.push;

import org.jspecify.annotations.NullMarked;
