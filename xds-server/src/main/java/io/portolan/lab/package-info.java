/**
 * A federated mesh on one machine: control plane, Envoys and small workloads as child processes.
 *
 * <p>In: a scenario folder. Out: traffic, a live table, verdicts. Must hold: loopback addresses
 * only, an ordinary user suffices, and no process outlives the lab.
 */
@NullMarked
package io.portolan.lab;

import org.jspecify.annotations.NullMarked;
