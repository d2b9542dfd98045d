/** Load assignments: the addresses behind a cluster, by priority and locality. */
@NullMarked
package io.portolan.xds.generate.endpoint;

import org.jspecify.annotations.NullMarked;
