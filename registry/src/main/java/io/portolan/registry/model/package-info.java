/**
 * The vocabulary in the middle: services, workloads, policies and mesh settings as immutable
 * values.
 *
 * <p>In: nothing. Out: values every other room speaks. Must hold: no Kubernetes client type, no
 * Envoy type; every object names its {@link io.portolan.registry.model.Origin}.
 */
@NullMarked
package io.portolan.registry.model;

import org.jspecify.annotations.NullMarked;
