/**
 * From views to Envoy messages.
 *
 * <p>In: views. Out: encoded resources. Must hold: pure, deterministic; no clock, flag, registry or
 * I/O; no field that Envoy 1.37 to 1.40 calls deprecated.
 */
@NullMarked
package io.portolan.xds.generate;

import org.jspecify.annotations.NullMarked;
