package io.portolan.registry.federation;

import io.portolan.registry.image.NetworkGateway;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.ClusterHealth.Data;
import java.util.List;

/**
 * What the probes of east-west gateways say about the path to a cluster: those that the cluster's
 * own Services name, else all of its network.
 */
final class DataPaths {
  private DataPaths() {}

  static MemberEvent.DataPath of(RegistryImage image, String cluster, String localCluster) {
    if (!image.settings().probe().enabled()) {
      return unknown("gateways are not probed");
    }
    String network = image.networkOf(cluster);
    if (!localCluster.isEmpty()
        && (cluster.equals(localCluster) || network.equals(image.networkOf(localCluster)))) {
      return unknown("it shares the network of this control plane");
    }
    // The source of a gateway is the ref of its Service, which begins with the cluster.
    List<NetworkGateway> own =
        image.gateways().values().stream()
            .flatMap(List::stream)
            .filter(gateway -> gateway.source().startsWith(cluster + "/"))
            .toList();
    List<NetworkGateway> asked =
        own.isEmpty() ? image.gateways().getOrDefault(network, List.of()) : own;
    if (asked.isEmpty()) {
      return unknown("no gateway is known");
    }
    List<NetworkGateway> probed =
        asked.stream().filter(g -> image.gatewayStates().containsKey(g.key())).toList();
    if (probed.stream().anyMatch(NetworkGateway::up)) {
      return new MemberEvent.DataPath(Data.OK, "a gateway answers");
    }
    if (probed.size() < asked.size()) {
      return unknown("gateways were not probed yet");
    }
    NetworkGateway first = probed.getFirst();
    return new MemberEvent.DataPath(
        Data.LOST,
        probed.size()
            + (probed.size() == 1 ? " gateway does" : " gateways do")
            + " not answer, "
            + first.address()
            + ":"
            + first.port()
            + ": "
            + first.reason());
  }

  private static MemberEvent.DataPath unknown(String reason) {
    return new MemberEvent.DataPath(Data.UNKNOWN, reason);
  }
}
