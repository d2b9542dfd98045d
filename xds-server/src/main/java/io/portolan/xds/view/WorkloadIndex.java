package io.portolan.xds.view;

import io.portolan.registry.image.MeshService;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.image.ServiceKey;
import io.portolan.registry.model.Resolution;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which services have an endpoint at a place, so that the workload behind a proxy is found without
 * a look at every service. Immutable; the next one shares the parts in which no place came or went,
 * and a change of health or weight alone touches nothing.
 */
final class WorkloadIndex {
  private static final int PARTS = 256;

  private final List<Map<Place, List<ServiceKey>>> parts;

  private record Place(String cluster, String address) {}

  private WorkloadIndex(List<Map<Place, List<ServiceKey>>> parts) {
    this.parts = parts;
  }

  /** The index of all services with endpoints of their own. */
  static WorkloadIndex of(Iterable<MeshService> services) {
    Draft draft = new Draft(java.util.Collections.nCopies(PARTS, Map.of()));
    for (MeshService service : services) {
      List<ServiceKey> key = List.of(service.key());
      places(service).forEach(place -> draft.add(place, key));
    }
    return draft.done();
  }

  /**
   * The index of a later image.
   *
   * @param changed every service that may differ between the images
   */
  WorkloadIndex with(RegistryImage before, RegistryImage after, Set<ServiceKey> changed) {
    Draft draft = new Draft(parts);
    for (ServiceKey key : changed) {
      List<ServiceKey> shared = List.of(key);
      Set<Place> old = places(before.service(key));
      Set<Place> now = places(after.service(key));
      for (Place place : old) {
        if (!now.contains(place)) {
          draft.remove(place, key);
        }
      }
      for (Place place : now) {
        if (!old.contains(place)) {
          draft.add(place, shared);
        }
      }
    }
    return draft.done();
  }

  /** Services with an endpoint at this address of this cluster, in order of key. */
  List<ServiceKey> at(String cluster, String address) {
    Place place = new Place(cluster, address);
    return parts.get(part(place)).getOrDefault(place, List.of());
  }

  private static int part(Place place) {
    return Math.floorMod(place.hashCode(), PARTS);
  }

  private static Set<Place> places(@Nullable MeshService service) {
    Set<Place> places = new HashSet<>();
    if (service != null && service.resolution() == Resolution.STATIC) {
      service.endpoints().forEach(e -> places.add(new Place(e.cluster(), e.address())));
    }
    return places;
  }

  /** Copies a part when it is first written to. */
  private static final class Draft {
    private final List<Map<Place, List<ServiceKey>>> parts;
    private final boolean[] own = new boolean[PARTS];

    Draft(List<Map<Place, List<ServiceKey>>> from) {
      parts = new ArrayList<>(from);
    }

    private Map<Place, List<ServiceKey>> writable(Place place) {
      int part = part(place);
      if (!own[part]) {
        own[part] = true;
        parts.set(part, new HashMap<>(parts.get(part)));
      }
      return parts.get(part);
    }

    /** The list of one is shared by the places of a service. */
    void add(Place place, List<ServiceKey> key) {
      writable(place).merge(place, key, Draft::merged);
    }

    private static List<ServiceKey> merged(List<ServiceKey> some, List<ServiceKey> more) {
      ServiceKey[] all = Arrays.copyOf(some.toArray(ServiceKey[]::new), some.size() + 1);
      all[some.size()] = more.getFirst();
      Arrays.sort(all);
      return List.of(all);
    }

    void remove(Place place, ServiceKey key) {
      writable(place)
          .computeIfPresent(
              place,
              (p, keys) -> {
                List<ServiceKey> rest = keys.stream().filter(k -> !k.equals(key)).toList();
                return rest.isEmpty() ? null : rest;
              });
    }

    WorkloadIndex done() {
      return new WorkloadIndex(List.copyOf(parts));
    }
  }
}
