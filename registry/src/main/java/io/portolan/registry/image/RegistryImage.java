package io.portolan.registry.image;

import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.PodObject;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
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
 * @param hostAddresses what host names of gateways and cloud balancers lead to
 * @param services the federated services
 * @param gateways the gateways by network, in a fixed order
 */
public record RegistryImage(
    long generation,
    MeshSettings settings,
    PMap<String, ClusterImage> clusters,
    PMap<String, ClusterCondition> conditions,
    PMap<NetworkGateway.Key, GatewayState> gatewayStates,
    PMap<String, List<String>> hostAddresses,
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

  /**
   * Host names whose addresses the mesh needs: of gateways, and of cloud balancers in front of
   * endpoints without a mesh proxy. In a fixed order.
   */
  public NavigableSet<String> hostsToResolve() {
    NavigableSet<String> hosts = new TreeSet<>();
    gateways.values().stream()
        .flatMap(List::stream)
        .map(NetworkGateway::host)
        .filter(host -> !host.isEmpty())
        .forEach(hosts::add);
    for (MeshService service : services.values()) {
      for (MeshService.Member member : service.members()) {
        if (!member.balancers().isEmpty() && service.hasPlaintext(member.cluster())) {
          member.balancers().stream()
              .filter(address -> !NetworkResolver.isAddress(address))
              .forEach(hosts::add);
        }
      }
    }
    return hosts;
  }

  /**
   * The IP addresses of a list that may hold host names; names that are not resolved are absent.
   */
  public List<String> resolved(List<String> addresses) {
    return addresses.stream()
        .flatMap(
            a ->
                NetworkResolver.isAddress(a)
                    ? Stream.of(a)
                    : hostAddresses.getOrDefault(a, List.of()).stream())
        .distinct()
        .toList();
  }

  /**
   * What the registry knows about where a workload runs.
   *
   * @param locality unknown when neither its pod nor its node says
   * @param network empty when nothing says
   * @param node empty when its pod is not known
   * @param labels of its pod, empty when that is not known
   */
  public record Place(Locality locality, String network, String node, Map<String, String> labels) {
    /** Nothing is known. */
    public static final Place UNKNOWN = new Place(Locality.UNKNOWN, "", "", Map.of());
  }

  /** The place of a pod of a cluster. */
  public Place placeOf(String cluster, String namespace, String pod) {
    ClusterImage found = clusters.get(cluster);
    if (found != null
        && found.get(new ObjectRef(cluster, Kind.POD, namespace, pod)) instanceof PodObject p) {
      String address = p.ips().isEmpty() ? "" : p.ips().getFirst();
      return new Place(
          EndpointAssembler.placeOf(found, p, p.node()),
          new NetworkResolver(settings, found).of(address, p.labels(), ""),
          p.node(),
          p.labels());
    }
    return Place.UNKNOWN;
  }

  /** True when both hold the same content, whatever their generation. */
  public boolean sameContent(RegistryImage other) {
    return settings.equals(other.settings)
        && clusters.equals(other.clusters)
        && conditions.equals(other.conditions)
        && gatewayStates.equals(other.gatewayStates)
        && hostAddresses.equals(other.hostAddresses)
        && services.equals(other.services)
        && gateways.equals(other.gateways);
  }
}
