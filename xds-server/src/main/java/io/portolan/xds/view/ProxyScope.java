package io.portolan.xds.view;

import io.portolan.registry.model.Locality;
import io.portolan.xds.node.ProxyNode;
import java.util.List;

/**
 * What decides which services, clusters, endpoints and routes a proxy sees. Proxies of one scope
 * share every byte of these.
 *
 * @param labels of gateways all, since Gateway objects select by them; of sidecars only those that
 *     a {@code failoverPriority} of the mesh names
 * @param node the node it runs on; empty when nothing it sees depends on the node
 * @param families the IP families it has
 */
public record ProxyScope(
    ProxyNode.Role role,
    ProxyNode.Interception interception,
    String cluster,
    String network,
    List<String> networkView,
    String namespace,
    Locality locality,
    java.util.Map<String, String> labels,
    String node,
    IpFamilies families) {
  public ProxyScope {
    networkView = List.copyOf(networkView);
    labels = java.util.Map.copyOf(labels);
  }

  /** A label of its proxies or of their place, empty where there is none. */
  String label(String name) {
    return switch (name) {
      case "topology.istio.io/cluster" -> cluster;
      case "topology.istio.io/network" -> network;
      case "topology.istio.io/subzone" -> locality.subzone();
      case "topology.kubernetes.io/region" -> locality.region();
      case "topology.kubernetes.io/zone" -> locality.zone();
      case Nearness.HOSTNAME -> node.isEmpty() ? "" : cluster + "/" + node;
      default -> labels.getOrDefault(name, "");
    };
  }

  /** A scope in which no node matters, of proxies with both IP families. */
  public ProxyScope(
      ProxyNode.Role role,
      ProxyNode.Interception interception,
      String cluster,
      String network,
      List<String> networkView,
      String namespace,
      Locality locality,
      java.util.Map<String, String> labels) {
    this(
        role,
        interception,
        cluster,
        network,
        networkView,
        namespace,
        locality,
        labels,
        "",
        IpFamilies.BOTH);
  }
}
