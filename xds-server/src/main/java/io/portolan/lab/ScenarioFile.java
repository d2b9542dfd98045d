package io.portolan.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** Reads {@value #NAME}. */
final class ScenarioFile {
  static final String NAME = "scenario.yaml";

  private ScenarioFile() {}

  /**
   * Reads a scenario.
   *
   * @throws IOException naming file and field
   */
  static Scenario read(Path directory, LabAddresses addresses) throws IOException {
    Path file = directory.resolve(NAME);
    try {
      Object root =
          new Load(LoadSettings.builder().setLabel(file.toString()).build())
              .loadFromString(addresses.in(Files.readString(file, StandardCharsets.UTF_8)));
      Fields fields = new Fields(file.toString(), root);
      return new Scenario(
          String.valueOf(directory.getFileName()),
          directory,
          addresses,
          fields.text("title"),
          fields.list("controlPlanes", ScenarioFile::controlPlane),
          fields.textLists("xds"),
          fields.list("workloads", ScenarioFile::workload),
          fields.list("gateways", ScenarioFile::gateway),
          fields.list("clients", ScenarioFile::client),
          fields.list("script", ScenarioFile::step),
          fields.list("kubernetes", ScenarioFile::step));
    } catch (YamlEngineException e) {
      throw new IOException(file + ": not YAML: " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static Scenario.ControlPlane controlPlane(Fields f) {
    return new Scenario.ControlPlane(
        f.text("name"),
        f.text("cluster", ""),
        f.text("address"),
        f.text("config", f.text("cluster", "")));
  }

  private static Scenario.Workload workload(Fields f) {
    return new Scenario.Workload(
        f.text("cluster"),
        f.text("namespace", "demo"),
        f.text("name"),
        f.text("serviceAccount"),
        f.text("zone", ""),
        f.text("address"),
        f.text("app"),
        f.number("port"),
        f.text("calls", ""),
        f.strings("xds"));
  }

  private static Scenario.Gateway gateway(Fields f) {
    return new Scenario.Gateway(
        f.text("cluster"),
        f.text("namespace", "istio-system"),
        f.text("name"),
        f.text("serviceAccount"),
        f.text("address"),
        f.texts("labels"));
  }

  private static Scenario.Client client(Fields f) {
    return new Scenario.Client(
        f.text("cluster"),
        f.text("namespace", "demo"),
        f.text("name"),
        f.text("serviceAccount", "client"),
        f.text("address", ""),
        f.text("target"),
        f.text("host"));
  }

  private static Scenario.Step step(Fields f) {
    Map<String, String> all = new LinkedHashMap<>(f.texts());
    String action = f.text("do");
    all.remove("do");
    return new Scenario.Step(action, all);
  }

  /** Reads one mapping. */
  private record Fields(String where, Map<?, ?> map) {
    Fields(String where, Object node) {
      this(where, check(where, node));
    }

    private static Map<?, ?> check(String where, Object node) {
      if (node instanceof Map<?, ?> map) {
        return map;
      }
      throw new IllegalArgumentException(where + ": is not an object");
    }

    String text(String key) {
      Object value = map.get(key);
      if (value == null) {
        throw new IllegalArgumentException(where + ": " + key + " is missing");
      }
      return String.valueOf(value);
    }

    String text(String key, String fallback) {
      Object value = map.get(key);
      return value == null ? fallback : String.valueOf(value);
    }

    int number(String key) {
      try {
        return Integer.parseInt(text(key));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            where + ": " + key + ": " + text(key) + " (expected a number)", e);
      }
    }

    Map<String, String> texts() {
      Map<String, String> all = new TreeMap<>();
      map.forEach((k, v) -> all.put(String.valueOf(k), String.valueOf(v)));
      return all;
    }

    Map<String, String> texts(String key) {
      Object value = map.get(key);
      return value == null ? Map.of() : new Fields(where + "." + key, value).texts();
    }

    List<String> strings(String key) {
      Object value = map.get(key);
      if (value == null) {
        return List.of();
      }
      if (!(value instanceof List<?> items)) {
        throw new IllegalArgumentException(where + ": " + key + " is not a list");
      }
      return items.stream().map(String::valueOf).toList();
    }

    Map<String, List<String>> textLists(String key) {
      Map<String, List<String>> all = new TreeMap<>();
      if (map.get(key) != null) {
        Fields inner = new Fields(where + "." + key, map.get(key));
        inner.map.keySet().forEach(k -> all.put(String.valueOf(k), inner.strings((String) k)));
      }
      return all;
    }

    <T> List<T> list(String key, java.util.function.Function<Fields, T> reader) {
      Object value = map.get(key);
      if (value == null) {
        return List.of();
      }
      if (!(value instanceof List<?> items)) {
        throw new IllegalArgumentException(where + ": " + key + " is not a list");
      }
      List<T> all = new ArrayList<>();
      for (int i = 0; i < items.size(); i++) {
        Object item = items.get(i);
        String at = where + ": " + key + "[" + i + "]";
        if (item == null) {
          throw new IllegalArgumentException(at + " is empty");
        }
        all.add(reader.apply(new Fields(at, item)));
      }
      return all;
    }
  }
}
