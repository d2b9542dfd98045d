package io.portolan.registry.model;

import java.util.Map;

/** A namespace with its labels. */
public record NamespaceObject(ObjectRef ref, Origin origin, Map<String, String> labels)
    implements MeshObject {
  public NamespaceObject {
    labels = Map.copyOf(labels);
  }
}
