package io.portolan.registry.source.kubernetes;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** A copy on disk of the ConfigMap with the mesh's settings, in the form of an API server. */
public final class MeshConfigStore {
  private static final int MAX_BYTES = 4 * 1024 * 1024;
  private static final JsonFactory JSON = new JsonFactory();

  private final Path file;

  /**
   * @param file replaced whole; its directory exists
   */
  public MeshConfigStore(Path file) {
    this.file = file;
  }

  /** Reads it; empty when there is none. */
  Optional<ConfigMapObject> read() throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException(file + ": more than " + MAX_BYTES + " bytes");
    }
    byte[] bytes = Files.readAllBytes(file);
    JsonTrees.Parsed parsed = JsonTrees.object(bytes, bytes.length, ConfigMapObject.KEEP);
    if (parsed.tree() == null) {
      throw new IOException(file + ": " + parsed.problem());
    }
    return Optional.of(ConfigMapObject.of(parsed.tree()));
  }

  /** Writes it; one without data says that there was none. */
  void write(ConfigMapObject map) throws IOException {
    Path next = file.resolveSibling("." + file.getFileName() + ".next");
    Files.writeString(next, json(map), StandardCharsets.UTF_8);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static String json(ConfigMapObject map) {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
      out.writeStartObject();
      out.writeStringProperty("apiVersion", "v1");
      out.writeStringProperty("kind", "ConfigMap");
      out.writeName("metadata");
      out.writeStartObject();
      out.writeStringProperty("namespace", map.namespace());
      out.writeStringProperty("name", map.name());
      out.writeStringProperty("resourceVersion", map.version());
      out.writeEndObject();
      out.writeName("data");
      out.writeStartObject();
      for (Map.Entry<String, String> entry : new TreeMap<>(map.data()).entrySet()) {
        out.writeStringProperty(entry.getKey(), entry.getValue());
      }
      out.writeEndObject();
      out.writeEndObject();
    }
    return text.toString();
  }
}
