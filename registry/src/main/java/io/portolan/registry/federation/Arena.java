package io.portolan.registry.federation;

import io.portolan.registry.change.Change;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The objects of one cluster by ref, dropped whole. Not thread-safe: guarded by its member. */
final class Arena {
  private final Map<Kind, Map<ObjectRef, MeshObject>> kinds = new EnumMap<>(Kind.class);

  /** An arena with these objects. */
  static Arena of(Collection<MeshObject> objects) {
    Arena arena = new Arena();
    objects.forEach(arena::put);
    return arena;
  }

  /** Objects by ref; of equal refs the last wins. */
  static Map<ObjectRef, MeshObject> byRef(Collection<MeshObject> objects) {
    Map<ObjectRef, MeshObject> map = HashMap.newHashMap(objects.size());
    objects.forEach(object -> map.put(object.ref(), object));
    return map;
  }

  /** True when that differs from what was there. */
  boolean put(MeshObject object) {
    var old =
        kinds.computeIfAbsent(object.ref().kind(), k -> new HashMap<>()).put(object.ref(), object);
    return !object.equals(old);
  }

  /** True when it was there. */
  boolean remove(ObjectRef ref) {
    return kinds.getOrDefault(ref.kind(), new HashMap<>()).remove(ref) != null;
  }

  /** The objects of a kind; do not change. */
  Map<ObjectRef, MeshObject> of(Kind kind) {
    return kinds.getOrDefault(kind, Map.of());
  }

  /** Takes over these objects as all of a kind. */
  void replace(Kind kind, Map<ObjectRef, MeshObject> objects) {
    kinds.put(kind, objects);
  }

  int count(Kind kind) {
    return of(kind).size();
  }

  int size() {
    return kinds.values().stream().mapToInt(Map::size).sum();
  }

  /** All objects, in no order. */
  List<MeshObject> all() {
    List<MeshObject> all = new ArrayList<>(size());
    kinds.values().forEach(map -> all.addAll(map.values()));
    return all;
  }

  /** What leads from one set of objects of a kind to another. */
  static void difference(
      Map<ObjectRef, MeshObject> from, Map<ObjectRef, MeshObject> to, List<Change> out) {
    for (ObjectRef ref : from.keySet()) {
      if (!to.containsKey(ref)) {
        out.add(new Change.Remove(ref));
      }
    }
    to.forEach(
        (ref, object) -> {
          if (!object.equals(from.get(ref))) {
            out.add(new Change.Put(object));
          }
        });
  }

  /** What leads from this arena to another. */
  List<Change> difference(Arena to) {
    List<Change> changes = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      difference(of(kind), to.of(kind), changes);
    }
    return changes;
  }
}
