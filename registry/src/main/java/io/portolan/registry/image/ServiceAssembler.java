package io.portolan.registry.image;

import io.portolan.registry.model.Kind;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.ServiceEntryObject;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.ServiceReach;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Merges the definitions of one service in all clusters, and joins their endpoints. */
final class ServiceAssembler {
  private final MeshSettings settings;
  private final Map<String, ClusterImage> clusters;
  private final Map<String, NetworkResolver> resolvers = new HashMap<>();
  private final Map<Place, Map<String, List<MeshObject>>> entries = new HashMap<>();

  private record Place(String cluster, String namespace) {}

  ServiceAssembler(MeshSettings settings, Map<String, ClusterImage> clusters) {
    this.settings = settings;
    this.clusters = new TreeMap<>(clusters);
  }

  NetworkResolver resolver(ClusterImage cluster) {
    return resolvers.computeIfAbsent(cluster.id(), id -> new NetworkResolver(settings, cluster));
  }

  /** The host name of a Kubernetes service: {@code name.namespace.svc.domain}. */
  static String hostname(ObjectRef ref, MeshSettings settings) {
    return ref.name() + "." + ref.namespace() + ".svc." + settings.domain();
  }

  /** The keys an object defines. */
  static Set<ServiceKey> keys(@Nullable MeshObject object, MeshSettings settings) {
    Set<ServiceKey> keys = new LinkedHashSet<>();
    if (object instanceof ServiceObject service) {
      keys.add(new ServiceKey(hostname(service.ref(), settings), service.ref().namespace()));
    } else if (object instanceof ServiceEntryObject entry) {
      entry.hosts().forEach(host -> keys.add(new ServiceKey(host, entry.ref().namespace())));
    }
    return keys;
  }

  /** The service of this key, or null when no cluster defines it any more. */
  @Nullable MeshService assemble(ServiceKey key) {
    References references = new References(settings, clusters, this::resolver);
    Merge merge = new Merge(key, references);
    ServiceEntryObject selecting = firstSelecting(key);
    for (ClusterImage cluster : clusters.values()) {
      EndpointAssembler endpoints =
          new EndpointAssembler(cluster, resolver(cluster), localityOf(cluster.id()));
      List<MeshObject> definitions = definitions(cluster, key);
      for (MeshObject definition : definitions) {
        merge.add(cluster.id(), definition, endpoints);
      }
      if (selecting != null && definitions.isEmpty()) {
        endpoints.addSelected(selecting);
      }
      merge.endpoints.addAll(endpoints.endpoints());
      merge.notes.addAll(endpoints.notes());
    }
    merge.endpoints.addAll(references.endpoints());
    return merge.members.isEmpty() ? null : merge.build(settings.clusterLocal(key.hostname()));
  }

  /** The entry that selects workloads of the clusters that do not define the service themselves. */
  private @Nullable ServiceEntryObject firstSelecting(ServiceKey key) {
    for (ClusterImage cluster : clusters.values()) {
      for (MeshObject definition : definitions(cluster, key)) {
        if (definition instanceof ServiceEntryObject entry && !entry.workloadSelector().isEmpty()) {
          return entry;
        }
      }
    }
    return null;
  }

  private Locality localityOf(String cluster) {
    var own = settings.clusters().get(cluster);
    return own == null ? Locality.UNKNOWN : own.locality();
  }

  private List<MeshObject> definitions(ClusterImage cluster, ServiceKey key) {
    List<MeshObject> found = new ArrayList<>();
    String suffix = "." + key.namespace() + ".svc." + settings.domain();
    if (key.hostname().endsWith(suffix)) {
      String name = key.hostname().substring(0, key.hostname().length() - suffix.length());
      MeshObject object =
          cluster.get(new ObjectRef(cluster.id(), Kind.SERVICE, key.namespace(), name));
      if (object != null) {
        found.add(object);
      }
    }
    found.addAll(
        entries
            .computeIfAbsent(
                new Place(cluster.id(), key.namespace()), place -> entriesByHost(cluster, place))
            .getOrDefault(key.hostname(), List.of()));
    return found;
  }

  private static Map<String, List<MeshObject>> entriesByHost(ClusterImage cluster, Place place) {
    Map<String, List<MeshObject>> byHost = new HashMap<>();
    cluster.in(Kind.SERVICE_ENTRY, place.namespace()).stream()
        .sorted(Comparator.comparing(MeshObject::ref))
        .forEach(
            object -> {
              if (object instanceof ServiceEntryObject entry) {
                for (String host : new LinkedHashSet<>(entry.hosts())) {
                  byHost.computeIfAbsent(host, h -> new ArrayList<>()).add(entry);
                }
              }
            });
    return byHost;
  }

  private static final class Merge {
    private final ServiceKey key;
    private final List<MeshService.Member> members = new ArrayList<>();
    private final Map<Integer, ServicePort> ports = new TreeMap<>();
    private final List<Endpoint> endpoints = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private final References references;
    private @Nullable MeshObject first;

    Merge(ServiceKey key, References references) {
      this.key = key;
      this.references = references;
    }

    void add(String cluster, MeshObject definition, EndpointAssembler assembler) {
      if (first == null) {
        first = definition;
      }
      switch (definition) {
        case ServiceObject service -> {
          List<String> addresses = new ArrayList<>(service.clusterIps());
          addresses.addAll(service.externalAddresses());
          boolean balanced =
              service.type() == ServiceObject.Type.LOAD_BALANCER
                  && !service.labels().containsKey(NetworkResolver.NETWORK_LABEL);
          members.add(
              new MeshService.Member(
                  cluster,
                  addresses,
                  service.type() == ServiceObject.Type.HEADLESS,
                  service.ports(),
                  service.ref(),
                  service.origin(),
                  service.reach(),
                  balanced ? service.externalAddresses() : List.of()));
          addPorts(service.ports());
          assembler.addService(service);
        }
        case ServiceEntryObject entry -> {
          members.add(
              new MeshService.Member(
                  cluster,
                  entry.addresses(),
                  false,
                  entry.ports(),
                  entry.ref(),
                  entry.origin(),
                  new ServiceReach(false, ServiceReach.Distribution.UNSET, entry.exportTo()),
                  List.of()));
          addPorts(entry.ports());
          assembler.addServiceEntry(entry, key.hostname(), references::take);
        }
        default -> throw new IllegalArgumentException("defines no service: " + definition.ref());
      }
    }

    private void addPorts(List<ServicePort> added) {
      added.forEach(port -> ports.putIfAbsent(port.number(), port));
    }

    MeshService build(boolean clusterLocal) {
      endpoints.sort(Endpoint.ORDER);
      boolean outside = first instanceof ServiceEntryObject e && !e.meshInternal();
      notes.addAll(Differences.of(members, outside ? List.of() : endpoints));
      return switch (first) {
        case ServiceEntryObject entry ->
            new MeshService(
                key,
                members,
                List.copyOf(ports.values()),
                entry.resolution(),
                !entry.meshInternal(),
                clusterLocal,
                "",
                entry.subjectAltNames(),
                endpoints,
                notes);
        case ServiceObject service ->
            new MeshService(
                key,
                members,
                List.copyOf(ports.values()),
                resolution(service),
                service.type() == ServiceObject.Type.EXTERNAL_NAME,
                clusterLocal,
                service.externalName(),
                List.of(),
                endpoints,
                notes);
        case null, default -> throw new IllegalStateException("no definition of " + key);
      };
    }

    private static Resolution resolution(ServiceObject service) {
      return service.type() == ServiceObject.Type.EXTERNAL_NAME
          ? Resolution.DNS
          : Resolution.STATIC;
    }
  }
}
