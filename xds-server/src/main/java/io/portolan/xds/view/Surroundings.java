package io.portolan.xds.view;

import io.portolan.registry.image.NetworkGateway;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.ClusterCondition;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * What an assignment depends on beside its service.
 *
 * @param gateways the gateways by network
 * @param conditions what is concluded about a cluster
 * @param resolved the IP addresses that a list with host names leads to
 */
record Surroundings(
    Map<String, List<NetworkGateway>> gateways,
    Function<String, ClusterCondition> conditions,
    UnaryOperator<List<String>> resolved) {
  static Surroundings of(RegistryImage image) {
    return new Surroundings(image.gateways(), image::condition, image::resolved);
  }

  /** The gateways of a network that proxies of these families can dial. */
  List<NetworkGateway> gateways(String network, IpFamilies families) {
    return gateways.getOrDefault(network, List.of()).stream()
        .filter(g -> g.resolved() && families.has(g.address()))
        .toList();
  }
}
