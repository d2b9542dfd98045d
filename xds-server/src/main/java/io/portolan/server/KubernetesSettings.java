package io.portolan.server;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reading API servers, and the little that is written to them.
 *
 * @param cluster id of the own cluster; empty when there is none and members come from {@code
 *     directory} only
 * @param kubeconfig of the own cluster, null for the service account of the pod
 * @param directory of kubeconfigs of other clusters, one a file, null for none
 * @param meshConfigMap ConfigMap of the own cluster with settings of the mesh, {@code
 *     namespace/name} or a name in the root namespace; empty for none
 * @param rootConfigMap name of the ConfigMap that gets the roots in every namespace; empty for none
 * @param entries whether ServiceEntries and WorkloadEntries are read from every member too, not
 *     from the own cluster alone
 * @param replica names this process in the election, with a random part added
 */
public record KubernetesSettings(
    String cluster,
    @Nullable Path kubeconfig,
    @Nullable Path directory,
    String meshConfigMap,
    String rootConfigMap,
    boolean entries,
    String replica) {
  /** Where Istio's operators keep settings of the mesh. */
  public static final String MESH_CONFIG_MAP = "istio";

  /** Where Istio's proxies find the roots. */
  public static final String ROOT_CONFIG_MAP = "istio-ca-root-cert";

  /** With Istio's names. */
  public KubernetesSettings(String cluster, @Nullable Path kubeconfig, @Nullable Path directory) {
    this(cluster, kubeconfig, directory, MESH_CONFIG_MAP, ROOT_CONFIG_MAP, false, "portolan");
  }
}
