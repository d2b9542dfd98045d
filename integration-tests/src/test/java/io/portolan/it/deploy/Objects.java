package io.portolan.it.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portolan.install.Chart;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** Rendered objects, and the questions that tests ask about them. */
final class Objects {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private Objects() {}

  /** Documents by {@code Kind namespace/name}; a name twice is an error. */
  static Map<String, JsonNode> byLabel(String yaml) {
    Map<String, JsonNode> objects = new TreeMap<>();
    for (Object tree : new Load(LoadSettings.builder().build()).loadAllFromString(yaml)) {
      if (tree != null) {
        put(objects, new Chart.Document("", MAPPER.valueToTree(tree)));
      }
    }
    return objects;
  }

  static Map<String, JsonNode> byLabel(List<Chart.Document> documents) {
    Map<String, JsonNode> objects = new TreeMap<>();
    documents.forEach(d -> put(objects, d));
    return objects;
  }

  private static void put(Map<String, JsonNode> objects, Chart.Document document) {
    if (objects.put(document.label(), document.tree()) != null) {
      throw new AssertionError(document.label() + " is there twice");
    }
  }

  static JsonNode yaml(String text) {
    return MAPPER.valueToTree(new Load(LoadSettings.builder().build()).loadFromString(text));
  }

  static JsonNode json(Object tree) {
    return MAPPER.valueToTree(tree);
  }

  static List<JsonNode> ofKind(Map<String, JsonNode> objects, String kind) {
    return objects.values().stream().filter(o -> o.path("kind").asText().equals(kind)).toList();
  }

  /** Whether every label of a selector is among the labels. */
  static boolean selects(JsonNode selector, JsonNode labels) {
    List<String> names = new ArrayList<>();
    selector.fieldNames().forEachRemaining(names::add);
    return !names.isEmpty()
        && names.stream().allMatch(n -> selector.path(n).equals(labels.path(n)));
  }

  /** The numbers of a field of all items of a list. */
  static Set<Integer> ports(JsonNode items, String field) {
    Set<Integer> ports = new TreeSet<>();
    items.forEach(i -> ports.add(i.path(field).asInt()));
    return ports;
  }
}
