package io.portolan.xds.view;

import io.portolan.registry.image.Endpoint;
import java.util.Map;

/**
 * Selects endpoints by labels: those of the workload, else its place. {@code
 * topology.istio.io/cluster}, {@code topology.istio.io/network}, {@code topology.istio.io/subzone},
 * {@code topology.kubernetes.io/region} and {@code /zone} always exist; {@code cluster} is the
 * cluster where the workload has no label of that name.
 */
final class Subsets {
  private Subsets() {}

  static boolean matches(Map<String, String> wanted, Endpoint endpoint) {
    for (var entry : wanted.entrySet()) {
      if (!entry.getValue().equals(label(endpoint, entry.getKey()))) {
        return false;
      }
    }
    return true;
  }

  /** A label of a workload or of its place, empty where there is none. */
  static String label(Endpoint endpoint, String key) {
    String own = endpoint.labels().get(key);
    if (own != null) {
      return own;
    }
    return switch (key) {
      case "topology.istio.io/cluster", "cluster" -> endpoint.cluster();
      case "topology.istio.io/network" -> endpoint.network();
      case "topology.istio.io/subzone" -> endpoint.locality().subzone();
      case "topology.kubernetes.io/region" -> endpoint.locality().region();
      case "topology.kubernetes.io/zone" -> endpoint.locality().zone();
      default -> "";
    };
  }
}
