package io.portolan.registry.image;

import io.portolan.registry.model.Kind;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.model.ServicePort;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** Finds the endpoints that the references of one service's entries stand for. */
final class References {
  private final MeshSettings settings;
  private final Map<String, ClusterImage> clusters;
  private final Function<ClusterImage, NetworkResolver> resolvers;
  private final Map<EntryReference, List<Endpoint>> taken = new LinkedHashMap<>();

  References(
      MeshSettings settings,
      Map<String, ClusterImage> clusters,
      Function<ClusterImage, NetworkResolver> resolvers) {
    this.settings = settings;
    this.clusters = clusters;
    this.resolvers = resolvers;
  }

  /** The endpoints of all references taken so far: each reference once. */
  List<Endpoint> endpoints() {
    return taken.values().stream().flatMap(List::stream).distinct().toList();
  }

  /**
   * Takes a reference over.
   *
   * @return false when no cluster of its network has the service
   */
  boolean take(EntryReference reference) {
    if (taken.containsKey(reference)) {
      return true;
    }
    boolean known = false;
    List<Endpoint> found = new ArrayList<>();
    for (ClusterImage cluster : clusters.values()) {
      ObjectRef ref =
          new ObjectRef(
              cluster.id(), Kind.SERVICE, reference.service().namespace(), reference.name());
      if (cluster.get(ref) instanceof ServiceObject service
          && service.type() != ServiceObject.Type.EXTERNAL_NAME
          && exported(service, reference.from())) {
        NetworkResolver resolver = resolvers.apply(cluster);
        List<Endpoint> there = endpoints(cluster, resolver, service, reference);
        known |= resolver.ofCluster().equals(reference.network()) || !there.isEmpty();
        found.addAll(there);
      }
    }
    if (known) {
      taken.put(reference, found);
    }
    return known;
  }

  private List<Endpoint> endpoints(
      ClusterImage cluster,
      NetworkResolver resolver,
      ServiceObject service,
      EntryReference reference) {
    var own = settings.clusters().get(cluster.id());
    EndpointAssembler assembler =
        new EndpointAssembler(cluster, resolver, own == null ? Locality.UNKNOWN : own.locality());
    assembler.addService(service);
    Map<Integer, Integer> ports = new TreeMap<>();
    reference
        .ports()
        .forEach(
            (number, named) -> {
              int there = portOf(service, named);
              if (there > 0) {
                ports.put(number, there);
              }
            });
    Endpoint.Target target = new Endpoint.Target(reference.service().hostname(), ports);
    List<Endpoint> found = new ArrayList<>();
    for (Endpoint endpoint : assembler.endpoints()) {
      if (endpoint.network().equals(reference.network())) {
        Map<Integer, Integer> workload = new TreeMap<>();
        ports.forEach(
            (number, there) -> {
              Integer port = endpoint.ports().get(there);
              if (port != null) {
                workload.put(number, port);
              }
            });
        found.add(endpoint.listedAs(Map.copyOf(workload), target));
      }
    }
    return found;
  }

  /** The service port of this number, else the one that leads to this port of workloads, or 0. */
  private static int portOf(ServiceObject service, int number) {
    int behind = 0;
    for (ServicePort port : service.ports()) {
      if (port.number() == number) {
        return number;
      }
      if (behind == 0 && port.targetPort() == number) {
        behind = port.number();
      }
    }
    return behind;
  }

  private static boolean exported(ServiceObject service, String namespace) {
    List<String> exportTo = service.reach().exportTo();
    return exportTo.isEmpty()
        || exportTo.contains("*")
        || exportTo.contains(namespace)
        || (exportTo.contains(".") && service.ref().namespace().equals(namespace));
  }
}
