/**
 * Who of several replicas does the few writes.
 *
 * <p>In: a Lease. Out: yes or no, and a fencing token that is checked before each write. Must hold:
 * at no time do two replicas believe that they lead, whatever their clocks say; a replica that was
 * frozen does not believe it when it wakes.
 */
@NullMarked
package io.portolan.registry.source.kubernetes.leader;

import org.jspecify.annotations.NullMarked;
