/** Signing: the root, one intermediate per cluster, workload and server certificates. */
@NullMarked
package io.portolan.ca.sign;

import org.jspecify.annotations.NullMarked;
