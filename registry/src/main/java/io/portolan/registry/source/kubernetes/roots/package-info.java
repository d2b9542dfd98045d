/**
 * The mesh's root certificates in a ConfigMap of every namespace, where Istio's proxies mount them.
 *
 * <p>In: the roots as PEM, the namespaces of a cluster, the ConfigMaps that are there. Out: writes,
 * few at a time, by the leader only. Map: {@code RootPlan} decides, {@link
 * io.portolan.registry.source.kubernetes.roots.RootPublisher} does it for one cluster. Must hold:
 * equal content is not written again; an older leader never replaces what a newer one wrote; what
 * is not allowed is said once and not tried again and again.
 */
@NullMarked
package io.portolan.registry.source.kubernetes.roots;

import org.jspecify.annotations.NullMarked;
