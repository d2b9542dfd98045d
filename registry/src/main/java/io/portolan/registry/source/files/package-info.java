/**
 * A mesh directory as a source.
 *
 * <p>In: {@code mesh.yaml} and one folder of Kubernetes YAML per cluster. Out: changes and
 * findings. Must hold: every file stands alone, and the last good version of a broken file stays
 * served.
 */
@NullMarked
package io.portolan.registry.source.files;

import org.jspecify.annotations.NullMarked;
