package io.portolan.registry.model;

import java.util.Map;

/**
 * A namespace with its labels.
 *
 * @param uid of the namespace kube-system, which is made with the cluster and cannot be deleted, so
 *     that it tells one cluster from another; empty for every other namespace
 */
public record NamespaceObject(ObjectRef ref, Origin origin, Map<String, String> labels, String uid)
    implements MeshObject {
  /** The namespace whose UID identifies a cluster. */
  public static final String IDENTIFYING = "kube-system";

  public NamespaceObject {
    labels = Map.copyOf(labels);
  }
}
