package io.portolan.registry.image;

import io.portolan.registry.model.Kind;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.ServiceObject;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.pcollections.PMap;

/**
 * Finds the east-west gateways of every network: the {@code gateways} of MeshNetworks, and Services
 * that carry the label {@code topology.istio.io/network}.
 */
final class GatewayFinder {
  static final int DEFAULT_PORT = 15443;
  private static final String GATEWAY_PORT_LABEL = "networking.istio.io/gatewayPort";

  private final MeshSettings settings;
  private final Map<String, ClusterImage> clusters;
  private final PMap<NetworkGateway.Key, GatewayState> states;
  private final PMap<String, List<String>> hosts;
  private final Map<NetworkGateway.Key, NetworkGateway> found =
      new TreeMap<>(
          java.util.Comparator.comparing(NetworkGateway.Key::network)
              .thenComparing(NetworkGateway.Key::address)
              .thenComparingInt(NetworkGateway.Key::port));

  GatewayFinder(
      MeshSettings settings,
      Map<String, ClusterImage> clusters,
      PMap<NetworkGateway.Key, GatewayState> states,
      PMap<String, List<String>> hosts) {
    this.settings = settings;
    this.clusters = new TreeMap<>(clusters);
    this.states = states;
    this.hosts = hosts;
  }

  /** True when this object can change the answer. */
  static boolean concerns(MeshObject object) {
    return object instanceof ServiceObject service
        && (service.labels().containsKey(NetworkResolver.NETWORK_LABEL)
            || !service.externalAddresses().isEmpty());
  }

  Map<String, List<NetworkGateway>> find() {
    new TreeMap<>(settings.networks()).forEach(this::fromSettings);
    clusters.values().forEach(this::fromServices);
    Map<String, List<NetworkGateway>> byNetwork = new TreeMap<>();
    found
        .values()
        .forEach(
            g ->
                byNetwork.merge(
                    g.network(),
                    List.of(g),
                    (a, b) -> java.util.stream.Stream.concat(a.stream(), b.stream()).toList()));
    return Map.copyOf(byNetwork);
  }

  private void fromSettings(String network, MeshSettings.NetworkSettings networkSettings) {
    for (var gateway : networkSettings.gateways()) {
      if (!gateway.address().isEmpty()) {
        add(
            network,
            gateway.address(),
            gateway.port(),
            gateway.locality(),
            "mesh.yaml networks." + network);
        continue;
      }
      for (ClusterImage cluster : clusters.values()) {
        if (!network.equals(new NetworkResolver(settings, cluster).ofCluster())) {
          continue;
        }
        cluster
            .all(Kind.SERVICE)
            .filter(
                o ->
                    o instanceof ServiceObject s
                        && ServiceAssembler.hostname(s.ref(), settings)
                            .equals(gateway.registryServiceName()))
            .map(ServiceObject.class::cast)
            .forEach(
                s ->
                    s.externalAddresses()
                        .forEach(
                            address ->
                                add(
                                    network,
                                    address,
                                    gateway.port(),
                                    gateway.locality(),
                                    s.ref().toString())));
      }
    }
  }

  private void fromServices(ClusterImage cluster) {
    cluster
        .all(Kind.SERVICE)
        .forEach(
            object -> {
              if (object instanceof ServiceObject service) {
                String network = service.labels().getOrDefault(NetworkResolver.NETWORK_LABEL, "");
                if (!network.isEmpty()) {
                  int port = portOf(service.labels().getOrDefault(GATEWAY_PORT_LABEL, ""));
                  for (String address : service.externalAddresses()) {
                    add(network, address, port, localityOf(cluster.id()), service.ref().toString());
                  }
                }
              }
            });
  }

  private void add(String network, String address, int port, Locality locality, String source) {
    if (NetworkResolver.isAddress(address)) {
      addOne(network, address, port, locality, source, "");
      return;
    }
    List<String> resolved = hosts.getOrDefault(address, List.of());
    if (resolved.isEmpty()) {
      found.putIfAbsent(
          new NetworkGateway.Key(network, address, port),
          new NetworkGateway(
              network,
              address,
              port,
              locality,
              false,
              "its host name has not been resolved",
              source,
              address));
    }
    resolved.forEach(ip -> addOne(network, ip, port, locality, source, address));
  }

  private void addOne(
      String network, String address, int port, Locality locality, String source, String host) {
    var key = new NetworkGateway.Key(network, address, port);
    GatewayState state = states.getOrDefault(key, GatewayState.UNKNOWN);
    found.putIfAbsent(
        key,
        new NetworkGateway(
            network, address, port, locality, state.up(), state.reason(), source, host));
  }

  private Locality localityOf(String cluster) {
    var own = settings.clusters().get(cluster);
    return own == null ? Locality.UNKNOWN : own.locality();
  }

  private static int portOf(String label) {
    if (label.isEmpty()
        || label.length() > 5
        || !label.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return DEFAULT_PORT;
    }
    int port = Integer.parseInt(label);
    return port >= 1 && port <= 65535 ? port : DEFAULT_PORT;
  }
}
