package io.portolan.registry.source.kubernetes;

import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.PodObject;
import io.portolan.registry.model.SliceObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Lets equal values of many objects be one value: namespaces, nodes, label maps. Two generations
 * bound it: when the young one is full the old one is forgotten, so what is in use stays and what
 * is not goes. Safe for any thread.
 */
final class Interner {
  /** A list of pods has two texts each, and more of them than values that many share. */
  private static final int PAIRS = 4;

  private final int most;
  private Map<Object, Object> young = new HashMap<>();
  private Map<Object, Object> old = Map.of();
  private Map<String, String> youngPairs = new HashMap<>();
  private Map<String, String> oldPairs = new HashMap<>();

  /**
   * @param most values of one generation; twice as many are held, and eight times as many texts
   *     that wait for their second
   */
  Interner(int most) {
    this.most = most;
  }

  /** An equal value, the same for equal arguments while it is remembered. */
  synchronized <T> T one(T value) {
    Object known = young.get(value);
    if (known == null) {
      known = old.getOrDefault(value, value);
      if (young.size() >= most) {
        old = young;
        young = new HashMap<>();
      }
      young.put(known, known);
    }
    @SuppressWarnings("unchecked") // Equal values of these classes are of one class.
    T same = (T) known;
    return same;
  }

  /**
   * An equal text for a name or an address that a pod and a slice both have: remembered until the
   * other one asks, so that it is held once and then not remembered any more.
   */
  synchronized String twice(String text) {
    String known = youngPairs.remove(text);
    if (known == null) {
      known = oldPairs.remove(text);
    }
    if (known == null) {
      if (youngPairs.size() >= PAIRS * most) {
        oldPairs = youngPairs;
        youngPairs = new HashMap<>();
      }
      youngPairs.put(text, text);
      return text;
    }
    if (youngPairs.isEmpty()) {
      // A map keeps the room it once needed.
      youngPairs = new HashMap<>();
    }
    return known;
  }

  private List<String> twice(List<String> texts) {
    return texts.size() == 1
        ? List.of(twice(texts.getFirst()))
        : List.copyOf(texts.stream().map(this::twice).toList());
  }

  /** How many values are held. */
  synchronized int size() {
    return young.size() + old.size() + youngPairs.size() + oldPairs.size();
  }

  private Map<String, String> labels(Map<String, String> map) {
    Map<String, String> shared = known(map);
    if (shared != null) {
      return one(shared);
    }
    Map<String, String> made = new HashMap<>();
    map.forEach((key, value) -> made.put(one(key), one(value)));
    return one(Map.copyOf(made));
  }

  @SuppressWarnings("unchecked") // What equals a map of strings is one.
  private synchronized @Nullable Map<String, String> known(Map<String, String> map) {
    Object known = young.get(map);
    return (Map<String, String>) (known == null ? old.get(map) : known);
  }

  private ObjectRef ref(ObjectRef ref, String name) {
    return new ObjectRef(ref.cluster(), ref.kind(), one(ref.namespace()), name);
  }

  /** The path of the collection: the name is in the object's ref, and the path is shared. */
  private Origin origin(Origin origin) {
    int end = origin.source().lastIndexOf('/');
    return one(new Origin(origin.source().substring(0, Math.max(0, end)), origin.line()));
  }

  /** An equal object that shares what it can: of the kinds that a cluster has most of. */
  MeshObject share(MeshObject object) {
    return switch (object) {
      case PodObject pod ->
          new PodObject(
              ref(pod.ref(), twice(pod.ref().name())),
              origin(pod.origin()),
              twice(pod.ips()),
              labels(pod.labels()),
              one(pod.serviceAccount()),
              one(pod.node()),
              pod.health(),
              one(pod.ports()),
              pod.hostname(),
              one(pod.subdomain()));
      case SliceObject slice -> {
        List<SliceObject.SliceEndpoint> endpoints = new ArrayList<>();
        for (SliceObject.SliceEndpoint e : slice.endpoints()) {
          endpoints.add(
              new SliceObject.SliceEndpoint(
                  twice(e.address()),
                  e.health(),
                  one(e.node()),
                  one(e.zone()),
                  e.pod().isEmpty() ? "" : twice(e.pod()),
                  e.hostname()));
        }
        yield new SliceObject(
            ref(slice.ref(), slice.ref().name()),
            origin(slice.origin()),
            one(slice.service()),
            one(slice.ports()),
            endpoints);
      }
      default -> object;
    };
  }
}
