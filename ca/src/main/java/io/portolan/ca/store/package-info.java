/**
 * CA material: on disk, or given as the files of a Secret.
 *
 * <p>In: the four files of a {@code cacerts}, or nothing on first start. Out: the root's trust
 * bundle and one authority per cluster.
 *
 * <p>Must hold: files are checked together and every problem is named with its file; a key that
 * others can read is refused, never replaced; a root is never replaced; a cluster's own
 * intermediate is, when it is unsound, of another CA or near its end; what is written appears whole
 * or not at all.
 */
@NullMarked
package io.portolan.ca.store;

import org.jspecify.annotations.NullMarked;
