/** SPIFFE identities of workloads. */
@NullMarked
package io.portolan.ca.identity;

import org.jspecify.annotations.NullMarked;
