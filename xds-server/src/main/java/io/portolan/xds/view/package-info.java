/**
 * What one proxy may know: the only reader of an image on the way to Envoy.
 *
 * <p>In: a registry image and a proxy. Out: views, records with value equality that are the whole
 * argument of a generator. Must hold: pure; equal views give equal bytes; no registry type that is
 * not in a view is needed to generate.
 */
@NullMarked
package io.portolan.xds.view;

import org.jspecify.annotations.NullMarked;
