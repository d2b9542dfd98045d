package io.portolan.registry.source.objects;

import io.portolan.registry.model.Origin;
import java.util.Map;

/**
 * The Secret {@code cacerts} of a cluster's root namespace: CA material, handed on and never kept.
 */
public record CaCertsSecret(String cluster, Map<String, byte[]> files, Origin origin) {
  public CaCertsSecret {
    files = Map.copyOf(files);
  }

  /** Shows no content. */
  @Override
  public String toString() {
    return "CaCertsSecret[" + cluster + " from " + origin + "]";
  }
}
