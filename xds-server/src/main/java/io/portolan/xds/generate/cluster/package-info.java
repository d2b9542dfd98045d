/** Clusters: where requests can go, and how connections to there are made. */
@NullMarked
package io.portolan.xds.generate.cluster;

import org.jspecify.annotations.NullMarked;
