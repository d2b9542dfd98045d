package io.portolan.registry.source.kubernetes;

import io.portolan.registry.source.objects.Tree;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A ConfigMap as it is stored; binary data is left out.
 *
 * @param version its resource version
 */
public record ConfigMapObject(
    String namespace,
    String name,
    String version,
    Map<String, String> labels,
    Map<String, String> annotations,
    Map<String, String> data) {
  public ConfigMapObject {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
    data = Map.copyOf(data);
  }

  /** Without who wrote which field. */
  static final Keep KEEP =
      key ->
          switch (key) {
            case "metadata" -> inner -> inner.equals("managedFields") ? null : Keep.ALL;
            // Code and message are of the Status that an ERROR event carries.
            case "kind", "data", "code", "message" -> Keep.ALL;
            default -> null;
          };

  static ConfigMapObject of(@Nullable Tree tree) {
    return new ConfigMapObject(
        JsonTrees.text(tree, "metadata", "namespace"),
        JsonTrees.text(tree, "metadata", "name"),
        JsonTrees.text(tree, "metadata", "resourceVersion"),
        texts(JsonTrees.at(tree, "metadata", "labels")),
        texts(JsonTrees.at(tree, "metadata", "annotations")),
        texts(JsonTrees.at(tree, "data")));
  }

  private static Map<String, String> texts(@Nullable Tree tree) {
    Map<String, String> texts = new LinkedHashMap<>();
    if (tree instanceof Tree.Mapping mapping) {
      for (Tree.Entry entry : mapping.entries()) {
        if (entry.value() instanceof Tree.Scalar scalar) {
          texts.put(entry.key(), scalar.text());
        }
      }
    }
    return texts;
  }
}
