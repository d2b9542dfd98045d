package io.portolan.registry.source.kubernetes;

import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.source.objects.Finding;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The last good translation of each object of one kind, and what is wrong with them. An object that
 * is there but cannot be read keeps its last good version; where it cannot even be named, a list
 * takes nothing away. Not thread-safe.
 */
final class KindObjects {
  private Map<ObjectRef, MeshObject> good = new HashMap<>();
  private Map<ObjectRef, List<Finding>> findings = new HashMap<>();
  private List<Finding> unnamed = List.of();

  /** A list that is on its way. */
  static final class Listing {
    private final Map<ObjectRef, MeshObject> objects = new HashMap<>();
    private final Map<ObjectRef, List<Finding>> findings = new HashMap<>();
    private final List<ObjectRef> rejected = new ArrayList<>();
    private final List<Finding> unnamed = new ArrayList<>();

    void add(ObjectReader.Reading reading) {
      if (reading.ref().isEmpty()) {
        unnamed.addAll(reading.findings());
        return;
      }
      ObjectRef ref = reading.ref().get();
      reading.object().ifPresentOrElse(o -> objects.put(ref, o), () -> rejected.add(ref));
      if (!reading.findings().isEmpty()) {
        findings.put(ref, reading.findings());
      }
    }

    void remove(ObjectRef ref) {
      objects.remove(ref);
      rejected.remove(ref);
      findings.remove(ref);
    }

    int size() {
      return objects.size();
    }
  }

  /** A list is complete; the result is all objects as they are to be served. */
  List<MeshObject> listed(Listing listing) {
    Map<ObjectRef, MeshObject> next = listing.objects;
    for (ObjectRef ref : listing.rejected) {
      MeshObject last = good.get(ref);
      if (last != null) {
        next.putIfAbsent(ref, last);
      }
    }
    if (!listing.unnamed.isEmpty()) {
      good.forEach(next::putIfAbsent);
    }
    // An object that has not changed stays the same one: no second copy of it is held.
    next.replaceAll((ref, object) -> object.equals(good.get(ref)) ? good.get(ref) : object);
    good = next;
    findings = listing.findings;
    unnamed = List.copyOf(listing.unnamed);
    return List.copyOf(next.values());
  }

  /** A watch shows an object; the result is what to report, empty when nothing has changed. */
  Optional<MeshObject> put(ObjectReader.Reading reading) {
    if (reading.ref().isEmpty()) {
      unnamed = List.copyOf(reading.findings());
      return Optional.empty();
    }
    ObjectRef ref = reading.ref().get();
    if (reading.findings().isEmpty()) {
      findings.remove(ref);
    } else {
      findings.put(ref, reading.findings());
    }
    return reading
        .object()
        .filter(
            object -> {
              if (object.equals(good.get(ref))) {
                return false;
              }
              good.put(ref, object);
              return true;
            });
  }

  /** A watch says that an object is gone; true when it was there. */
  boolean remove(ObjectRef ref) {
    findings.remove(ref);
    return good.remove(ref) != null;
  }

  int size() {
    return good.size();
  }

  /** Everything that is wrong now. */
  List<Finding> findings() {
    List<Finding> all = new ArrayList<>(unnamed);
    findings.values().forEach(all::addAll);
    return all;
  }
}
