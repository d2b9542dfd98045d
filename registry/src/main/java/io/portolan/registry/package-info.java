/**
 * The federated registry: what every cluster's source says, as one immutable image.
 *
 * <p>Street: {@code source} translates one outside object into a {@code change}; the {@code loader}
 * gathers changes and applies them to the {@code image}; readers hold one image for a whole
 * operation. Nothing here knows Envoy, gRPC, certificates or proxies.
 */
@NullMarked
package io.portolan.registry;

import org.jspecify.annotations.NullMarked;
