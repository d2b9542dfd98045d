/**
 * Is a cluster fit to be a member? A visit gathers answers; what they mean is decided by pure
 * functions of the answers.
 *
 * <p>In: a kubeconfig. Out: findings, each with its severity and remedy. Must hold: a visit changes
 * nothing in the cluster and reads no Secret.
 */
@NullMarked
package io.portolan.registry.source.kubernetes.doctor;

import org.jspecify.annotations.NullMarked;
