package io.portolan.registry.model;

import java.util.Comparator;

/**
 * The identity of one outside object.
 *
 * @param cluster id of the cluster that holds it
 * @param kind its kind
 * @param namespace its namespace, empty for cluster-scoped kinds
 * @param name its name
 */
public record ObjectRef(String cluster, Kind kind, String namespace, String name)
    implements Comparable<ObjectRef> {
  private static final Comparator<ObjectRef> ORDER =
      Comparator.comparing(ObjectRef::cluster)
          .thenComparing(ObjectRef::kind)
          .thenComparing(ObjectRef::namespace)
          .thenComparing(ObjectRef::name);

  @Override
  public int compareTo(ObjectRef other) {
    return ORDER.compare(this, other);
  }

  /** {@code cluster/Kind/namespace/name}, the form provenance is shown in. */
  @Override
  public String toString() {
    return namespace.isEmpty()
        ? cluster + "/" + kind.kubernetesName() + "/" + name
        : cluster + "/" + kind.kubernetesName() + "/" + namespace + "/" + name;
  }
}
