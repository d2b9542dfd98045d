package io.portolan.registry.model;

import java.util.List;
import java.util.Map;

/**
 * A DestinationRule.
 *
 * @param host the host as a fully qualified name
 * @param policy policy of the whole host
 * @param subsets named parts of the host's endpoints
 * @param exportTo namespaces that see it; empty means all
 */
public record DestinationRuleObject(
    ObjectRef ref,
    Origin origin,
    String host,
    TrafficPolicy policy,
    List<Subset> subsets,
    List<String> exportTo)
    implements MeshObject {
  public DestinationRuleObject {
    subsets = List.copyOf(subsets);
    exportTo = List.copyOf(exportTo);
  }

  /** Endpoints with these labels, under this policy laid over the host's. */
  public record Subset(String name, Map<String, String> labels, TrafficPolicy policy) {
    public Subset {
      labels = Map.copyOf(labels);
    }
  }
}
