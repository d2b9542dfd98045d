package io.portolan.server;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reading API servers.
 *
 * @param cluster id of the own cluster; empty when there is none and members come from {@code
 *     directory} only
 * @param kubeconfig of the own cluster, null for the service account of the pod
 * @param directory of kubeconfigs of other clusters, one a file, null for none
 */
public record KubernetesSettings(
    String cluster, @Nullable Path kubeconfig, @Nullable Path directory) {}
