/**
 * Translators from Kubernetes objects to the model, for every source.
 *
 * <p>In: a {@link io.portolan.registry.source.objects.Tree}. Out: model objects and findings. Must
 * hold: every wrong or unknown field is named, never dropped in silence; the same object gives the
 * same model from a file and from an API server.
 */
@NullMarked
package io.portolan.registry.source.objects;

import org.jspecify.annotations.NullMarked;
