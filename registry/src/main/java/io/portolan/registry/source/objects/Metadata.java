package io.portolan.registry.source.objects;

import java.util.Map;

/** The part of {@code metadata} that matters, {@link Annotations} that are read among it. */
record Metadata(
    String name,
    String namespace,
    String uid,
    Map<String, String> labels,
    Map<String, String> annotations,
    boolean deleted) {
  static Metadata of(Fields object) {
    Fields metadata = object.object("metadata");
    if (metadata == null) {
      object.findings().error(object.line(), "metadata", "is missing");
      return new Metadata("", "", "", Map.of(), Map.of(), false);
    }
    Map<String, String> annotations = metadata.stringMap("annotations");
    annotations.keySet().removeIf(key -> !Annotations.areRead(key));
    Metadata made =
        new Metadata(
            metadata.required("name"),
            metadata.string("namespace", "default"),
            metadata.string("uid", ""),
            metadata.stringMap("labels"),
            annotations,
            metadata.has("deletionTimestamp"));
    metadata.everything();
    return made;
  }
}
