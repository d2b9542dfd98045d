package io.portolan.registry.image;

import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.MeshSettings;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/**
 * Everything the registry knows at one moment. Immutable; safe for any thread.
 *
 * @param generation counts published images from 0; not part of equality of content
 * @param settings the mesh settings
 * @param clusters the objects, by cluster id
 * @param conditions what is concluded about member clusters, by cluster id
 * @param gatewayStates what probes concluded
 * @param services the federated services
 * @param gateways the gateways by network, in a fixed order
 */
public record RegistryImage(
    long generation,
    MeshSettings settings,
    PMap<String, ClusterImage> clusters,
    PMap<String, ClusterCondition> conditions,
    PMap<NetworkGateway.Key, GatewayState> gatewayStates,
    PMap<ServiceKey, MeshService> services,
    Map<String, List<NetworkGateway>> gateways) {

  /** Nothing is known. */
  public static RegistryImage empty() {
    return new RegistryImage(
        0,
        MeshSettings.DEFAULT,
        HashTreePMap.empty(),
        HashTreePMap.empty(),
        HashTreePMap.empty(),
        HashTreePMap.empty(),
        Map.of());
  }

  /** Objects of one kind of all clusters, in no order. */
  public Stream<MeshObject> all(Kind kind) {
    return clusters.values().stream().flatMap(cluster -> cluster.all(kind));
  }

  /** The service of this key, or null. */
  public @Nullable MeshService service(ServiceKey key) {
    return services.get(key);
  }

  /** What is concluded about a cluster. */
  public ClusterCondition condition(String cluster) {
    return conditions.getOrDefault(cluster, ClusterCondition.UNWATCHED);
  }

  /** The network of a cluster as a whole; empty when nothing says. */
  public String networkOf(String cluster) {
    ClusterImage found = clusters.getOrDefault(cluster, ClusterImage.empty(cluster));
    return new NetworkResolver(settings, found).ofCluster();
  }

  /** True when both hold the same content, whatever their generation. */
  public boolean sameContent(RegistryImage other) {
    return settings.equals(other.settings)
        && clusters.equals(other.clusters)
        && conditions.equals(other.conditions)
        && gatewayStates.equals(other.gatewayStates)
        && services.equals(other.services)
        && gateways.equals(other.gateways);
  }
}
