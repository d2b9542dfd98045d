package io.portolan.registry.image;

import io.portolan.registry.model.MeshObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which definitions select a workload. Each stands under one of its selector's labels, the one that
 * fewest stand under, so that a workload costs about as many looks as it has labels, whatever the
 * number of definitions.
 */
final class SelectorIndex {
  private final Map<String, Map<String, List<Selecting>>> byLabel = new HashMap<>();

  private record Selecting(Map<String, String> selector, MeshObject definition) {}

  /** Nothing happens for an empty selector: it selects nothing. */
  void add(Map<String, String> selector, MeshObject definition) {
    Selecting selecting = new Selecting(selector, definition);
    List<Selecting> shortest = null;
    for (var label : selector.entrySet()) {
      List<Selecting> here =
          byLabel
              .computeIfAbsent(label.getKey(), key -> new HashMap<>())
              .computeIfAbsent(label.getValue(), value -> new ArrayList<>());
      if (shortest == null || here.size() < shortest.size()) {
        shortest = here;
      }
    }
    if (shortest != null) {
      shortest.add(selecting);
    }
  }

  List<MeshObject> selecting(Map<String, String> labels) {
    List<MeshObject> found = new ArrayList<>();
    labels.forEach(
        (key, value) -> {
          for (Selecting one : byLabel.getOrDefault(key, Map.of()).getOrDefault(value, List.of())) {
            if (EndpointAssembler.matches(one.selector(), labels)) {
              found.add(one.definition());
            }
          }
        });
    return found;
  }
}
