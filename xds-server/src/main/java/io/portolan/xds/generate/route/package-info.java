/** Route configurations: which request goes to which cluster, and how it is retried. */
@NullMarked
package io.portolan.xds.generate.route;

import org.jspecify.annotations.NullMarked;
