/**
 * Installs Portolan into a Kubernetes cluster.
 *
 * <p>In: the Helm chart of {@code deploy/helm/portolan} and the definitions of {@code deploy/crds},
 * packaged as resources, and the settings of a user. Out: the chart's objects, as text or applied.
 * Must hold: the objects equal those of {@code helm template} for the same settings. The templates
 * therefore keep to the part of Go's template language that {@link io.portolan.install.Template}
 * reads; anything else is refused, not guessed.
 */
@NullMarked
package io.portolan.install;

import org.jspecify.annotations.NullMarked;
