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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Collects which services must be assembled anew, so that a change costs what it touches. */
final class Affected {
  /** From this many different sets of labels on, an index costs less than looking at each. */
  private static final int WORTH_AN_INDEX = 8;

  private final MeshSettings before;
  private final MeshSettings after;
  private final Set<ServiceKey> services = new HashSet<>();
  private final Map<Place, Set<Map<String, String>>> changedLabels = new HashMap<>();
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
        Place place = new Place(cluster.id(), pod.ref().namespace());
        changedLabels.computeIfAbsent(place, p -> new HashSet<>()).add(pod.labels());
        Set<String> names = changedPods.computeIfAbsent(place, p -> new HashSet<>());
        names.add(pod.ref().name());
        names.addAll(pod.ips());
      }
      case WorkloadEntryObject entry -> {
        workloads = true;
        Place place = new Place(cluster.id(), entry.ref().namespace());
        changedLabels.computeIfAbsent(place, p -> new HashSet<>()).add(entry.spec().labels());
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

  /** Adds what follows from changed workloads, once all objects have been told. */
  void resolve(Map<String, ClusterImage> clustersAfter) {
    resolveSelectors(clustersAfter);
    resolveSlices(clustersAfter);
  }

  /**
   * Adds services that select a changed workload. A definition that has changed itself is assembled
   * anyway; all others stand in both images. Services without a selector have slices only.
   */
  private void resolveSelectors(Map<String, ClusterImage> clustersAfter) {
    changedLabels.forEach(
        (place, labels) -> {
          if (labels.size() < WORTH_AN_INDEX) {
            definitions(
                place,
                clustersAfter,
                (selector, definition) -> {
                  if (labels.stream().anyMatch(one -> EndpointAssembler.matches(selector, one))) {
                    keysOf(definition);
                  }
                });
          } else {
            SelectorIndex index = new SelectorIndex();
            definitions(place, clustersAfter, index::add);
            labels.forEach(one -> index.selecting(one).forEach(this::keysOf));
          }
        });
  }

  /** The definitions with a selector which may select a workload of this place. */
  private void definitions(
      Place place,
      Map<String, ClusterImage> clustersAfter,
      BiConsumer<Map<String, String>, MeshObject> each) {
    for (var clusters : List.of(clustersBefore, clustersAfter)) {
      ClusterImage own = clusters.get(place.cluster());
      if (own != null) {
        for (MeshObject object : own.in(Kind.SERVICE, place.namespace())) {
          if (object instanceof ServiceObject service && !service.selector().isEmpty()) {
            each.accept(service.selector(), service);
          }
        }
      }
      // An entry selects workloads of every cluster.
      for (ClusterImage cluster : clusters.values()) {
        for (MeshObject object : cluster.in(Kind.SERVICE_ENTRY, place.namespace())) {
          if (object instanceof ServiceEntryObject entry && !entry.workloadSelector().isEmpty()) {
            each.accept(entry.workloadSelector(), entry);
          }
        }
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
  private void resolveSlices(Map<String, ClusterImage> clusters) {
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
