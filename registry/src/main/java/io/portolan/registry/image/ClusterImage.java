package io.portolan.registry.image;

import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.PodObject;
import io.portolan.registry.model.SliceObject;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/**
 * The objects of one cluster, dropped whole when the cluster leaves. Sections are persistent maps:
 * a change copies one path, not the section.
 *
 * @param objects by kind, namespace and name
 * @param slices EndpointSlices by {@code namespace/service} and name
 * @param podsByIp pods by each of their addresses; host-network pods share their node's, in order
 *     of ref
 */
public record ClusterImage(
    String id,
    PMap<Kind, PMap<String, PMap<String, MeshObject>>> objects,
    PMap<String, PMap<String, SliceObject>> slices,
    PMap<String, List<PodObject>> podsByIp) {

  static ClusterImage empty(String id) {
    return new ClusterImage(id, HashTreePMap.empty(), HashTreePMap.empty(), HashTreePMap.empty());
  }

  /** The object of this ref, or null. */
  public @Nullable MeshObject get(ObjectRef ref) {
    return names(ref.kind(), ref.namespace()).get(ref.name());
  }

  /** The objects of a kind in one namespace. */
  public Collection<MeshObject> in(Kind kind, String namespace) {
    return names(kind, namespace).values();
  }

  /** The objects of a kind in all namespaces. */
  public Stream<MeshObject> all(Kind kind) {
    return namespaces(kind).values().stream().flatMap(names -> names.values().stream());
  }

  boolean isEmpty() {
    return objects.values().stream().allMatch(PMap::isEmpty);
  }

  /** Number of objects of a kind. */
  public int count(Kind kind) {
    return namespaces(kind).values().stream().mapToInt(PMap::size).sum();
  }

  Collection<SliceObject> slicesOf(String namespace, String service) {
    return slices.getOrDefault(namespace + "/" + service, HashTreePMap.empty()).values();
  }

  ClusterImage with(MeshObject object) {
    ClusterImage base = without(object.ref());
    ObjectRef ref = object.ref();
    var byName = base.names(ref.kind(), ref.namespace()).plus(ref.name(), object);
    var byNamespace = base.namespaces(ref.kind()).plus(ref.namespace(), byName);
    var nextSlices = base.slices;
    var nextPods = base.podsByIp;
    if (object instanceof SliceObject slice) {
      String group = ref.namespace() + "/" + slice.service();
      nextSlices =
          nextSlices.plus(
              group, nextSlices.getOrDefault(group, HashTreePMap.empty()).plus(ref.name(), slice));
    } else if (object instanceof PodObject pod) {
      for (String ip : pod.ips()) {
        nextPods = nextPods.plus(ip, holders(nextPods, ip, ref, pod));
      }
    }
    return new ClusterImage(id, base.objects.plus(ref.kind(), byNamespace), nextSlices, nextPods);
  }

  ClusterImage without(ObjectRef ref) {
    MeshObject old = get(ref);
    if (old == null) {
      return this;
    }
    var byName = names(ref.kind(), ref.namespace()).minus(ref.name());
    var byNamespace =
        byName.isEmpty()
            ? namespaces(ref.kind()).minus(ref.namespace())
            : namespaces(ref.kind()).plus(ref.namespace(), byName);
    var nextSlices = slices;
    var nextPods = podsByIp;
    if (old instanceof SliceObject slice) {
      String group = ref.namespace() + "/" + slice.service();
      var rest = nextSlices.getOrDefault(group, HashTreePMap.empty()).minus(ref.name());
      nextSlices = rest.isEmpty() ? nextSlices.minus(group) : nextSlices.plus(group, rest);
    } else if (old instanceof PodObject pod) {
      for (String ip : pod.ips()) {
        var rest = holders(nextPods, ip, ref, null);
        nextPods = rest.isEmpty() ? nextPods.minus(ip) : nextPods.plus(ip, rest);
      }
    }
    var nextObjects =
        byNamespace.isEmpty() ? objects.minus(ref.kind()) : objects.plus(ref.kind(), byNamespace);
    return new ClusterImage(id, nextObjects, nextSlices, nextPods);
  }

  /** The first pod of a namespace with this address, or null. */
  @Nullable PodObject podAt(String ip, String namespace) {
    return podsByIp.getOrDefault(ip, List.of()).stream()
        .filter(pod -> pod.ref().namespace().equals(namespace))
        .findFirst()
        .orElse(null);
  }

  private static List<PodObject> holders(
      PMap<String, List<PodObject>> pods, String ip, ObjectRef ref, @Nullable PodObject added) {
    List<PodObject> present = pods.getOrDefault(ip, List.of());
    if (present.isEmpty()) {
      return added == null ? List.of() : List.of(added);
    }
    var others = present.stream().filter(pod -> !pod.ref().equals(ref));
    return Stream.concat(others, Stream.ofNullable(added))
        .sorted((a, b) -> a.ref().compareTo(b.ref()))
        .toList();
  }

  private PMap<String, PMap<String, MeshObject>> namespaces(Kind kind) {
    return objects.getOrDefault(kind, HashTreePMap.empty());
  }

  private PMap<String, MeshObject> names(Kind kind, String namespace) {
    return namespaces(kind).getOrDefault(namespace, HashTreePMap.empty());
  }
}
