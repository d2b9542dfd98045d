package io.portolan.registry.image;

import io.portolan.registry.model.DestinationRuleObject;
import io.portolan.registry.model.GatewayObject;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.NamespaceObject;
import io.portolan.registry.model.NodeObject;
import io.portolan.registry.model.PodObject;
import io.portolan.registry.model.ServiceAccountObject;
import io.portolan.registry.model.ServiceEntryObject;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.model.SliceObject;
import io.portolan.registry.model.VirtualServiceObject;
import io.portolan.registry.model.WorkloadEntryObject;
import io.portolan.registry.model.WorkloadSpec;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Collects which services must be assembled anew, so that a change costs what it touches. */
final class Affected {
  private final MeshSettings before;
  private final MeshSettings after;
  private final Set<ServiceKey> services = new HashSet<>();
  private final Map<Place, Set<String>> changedPods = new HashMap<>();
  private final Map<String, ClusterImage> clustersBefore;
  private boolean policies;
  private boolean gateways;
  private boolean workloads;
  private boolean everything;

  private record Place(String cluster, String namespace) {}

  Affected(MeshSettings before, MeshSettings after, Map<String, ClusterImage> clustersBefore) {
    this.clustersBefore = clustersBefore;
    this.before = before;
    this.after = after;
  }

  Set<ServiceKey> services() {
    return services;
  }

  boolean policies() {
    return policies;
  }

  boolean gateways() {
    return gateways;
  }

  boolean workloads() {
    return workloads;
  }

  boolean everything() {
    return everything;
  }

  void all(Collection<ClusterImage> clusters) {
    for (ClusterImage cluster : clusters) {
      cluster.all(Kind.SERVICE).forEach(this::keysOf);
      cluster.all(Kind.SERVICE_ENTRY).forEach(this::keysOf);
    }
  }

  /** One object of {@code cluster}, with its counterpart in the other image or null. */
  void object(ClusterImage cluster, @Nullable MeshObject object, @Nullable MeshObject other) {
    switch (object) {
      case ServiceObject service -> {
        keysOf(service);
        gateways |= GatewayFinder.concerns(service);
      }
      case ServiceEntryObject entry -> keysOf(entry);
      case SliceObject slice -> keyOf(slice);
      case PodObject pod -> {
        workloads = true;
        selecting(cluster, pod.ref().namespace(), pod.labels());
        Set<String> names =
            changedPods.computeIfAbsent(
                new Place(cluster.id(), pod.ref().namespace()), p -> new HashSet<>());
        names.add(pod.ref().name());
        names.addAll(pod.ips());
      }
      case WorkloadEntryObject entry -> {
        workloads = true;
        selecting(cluster, entry.ref().namespace(), entry.spec().labels());
      }
      case NodeObject node ->
          everything |= !(other instanceof NodeObject o) || !o.locality().equals(node.locality());
      case NamespaceObject namespace -> {
        if (namespace.ref().name().equals(after.rootNamespace())) {
          everything = true;
          gateways = true;
        }
      }
      case DestinationRuleObject rule -> policies = true;
      case VirtualServiceObject rule -> policies = true;
      case GatewayObject gateway -> policies = true;
      case ServiceAccountObject account -> {}
      case null -> {}
    }
  }

  private void keysOf(MeshObject object) {
    services.addAll(ServiceAssembler.keys(object, before));
    services.addAll(ServiceAssembler.keys(object, after));
  }

  private void keyOf(SliceObject slice) {
    String namespace = slice.ref().namespace();
    services.add(keyOf(slice.service(), namespace, before));
    services.add(keyOf(slice.service(), namespace, after));
  }

  private static ServiceKey keyOf(String service, String namespace, MeshSettings settings) {
    return new ServiceKey(service + "." + namespace + ".svc." + settings.domain(), namespace);
  }

  private void selecting(ClusterImage cluster, String namespace, Map<String, String> labels) {
    for (MeshObject object : cluster.in(Kind.SERVICE, namespace)) {
      if (object instanceof ServiceObject service
          && (service.selector().isEmpty()
              || EndpointAssembler.matches(service.selector(), labels))) {
        keysOf(service);
      }
    }
    // An entry selects workloads of every cluster; one that is new itself is assembled anyway.
    entries(cluster, namespace, labels);
    clustersBefore.values().forEach(other -> entries(other, namespace, labels));
  }

  private void entries(ClusterImage cluster, String namespace, Map<String, String> labels) {
    for (MeshObject object : cluster.in(Kind.SERVICE_ENTRY, namespace)) {
      if (object instanceof ServiceEntryObject entry
          && !entry.workloadSelector().isEmpty()
          && EndpointAssembler.matches(entry.workloadSelector(), labels)) {
        keysOf(entry);
      }
    }
  }

  /** Adds what entries define whose endpoints are the names of affected services. */
  void resolveReferences(Collection<ClusterImage> clusters) {
    if (services.isEmpty()) {
      return;
    }
    Set<ServiceEntryObject> referring = new HashSet<>();
    for (ClusterImage cluster : clusters) {
      cluster
          .all(Kind.SERVICE_ENTRY)
          .forEach(
              object -> {
                if (object instanceof ServiceEntryObject entry
                    && entry.endpoints().stream().anyMatch(e -> refers(entry, e))) {
                  referring.add(entry);
                }
              });
    }
    referring.forEach(this::keysOf);
  }

  private boolean refers(ServiceEntryObject entry, WorkloadSpec spec) {
    EntryReference reference = EntryReference.of(entry, spec, after);
    return reference != null && services.contains(reference.service());
  }

  /**
   * Adds services whose slices name a changed pod or its address although no selector matches it.
   * Slices are read once per namespace, whatever the number of changed pods.
   */
  void resolveSlices(Map<String, ClusterImage> clusters) {
    changedPods.forEach(
        (place, names) -> {
          ClusterImage cluster = clusters.get(place.cluster());
          if (cluster == null) {
            return;
          }
          for (MeshObject object : cluster.in(Kind.ENDPOINT_SLICE, place.namespace())) {
            if (object instanceof SliceObject slice
                && slice.endpoints().stream()
                    .anyMatch(e -> names.contains(e.pod()) || names.contains(e.address()))) {
              keyOf(slice);
            }
          }
        });
  }
}
