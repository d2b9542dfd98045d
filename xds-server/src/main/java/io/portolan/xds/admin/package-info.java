/**
 * What people can ask a running control plane.
 *
 * <p>In: the current image, the connected proxies, findings. Out: JSON, Prometheus text. Must hold:
 * no private key, no token; read-only; provenance comes from the same pure functions that made the
 * configuration.
 */
@NullMarked
package io.portolan.xds.admin;

import org.jspecify.annotations.NullMarked;
