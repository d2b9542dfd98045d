package io.portolan.registry.source.objects;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A typed reader of one object. Every wrong value becomes a finding with its line, and reading goes
 * on. Fields that nobody asked for are unknown: {@link #finish} names them.
 */
public final class Fields {
  private final Map<String, Tree> fields = new LinkedHashMap<>();
  private final Map<String, Integer> keyLines = new LinkedHashMap<>();
  private final Set<String> asked = new HashSet<>();
  private final String path;
  private final int line;
  private final Findings findings;

  /**
   * @param path of this object inside its document, empty for the document itself
   */
  public Fields(Tree.Mapping mapping, String path, Findings findings) {
    this.path = path;
    this.line = mapping.line();
    this.findings = findings;
    for (Tree.Entry entry : mapping.entries()) {
      if (fields.put(entry.key(), entry.value()) != null) {
        findings.error(entry.line(), path(entry.key()), "occurs twice");
      }
      keyLines.put(entry.key(), entry.line());
    }
  }

  int line() {
    return line;
  }

  Findings findings() {
    return findings;
  }

  String path(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  boolean has(String key) {
    Tree node = fields.get(key);
    return node != null && !(node instanceof Tree.Nothing);
  }

  int lineOf(String key) {
    return keyLines.getOrDefault(key, line);
  }

  private @Nullable Tree take(String key) {
    asked.add(key);
    Tree node = fields.get(key);
    return node instanceof Tree.Nothing ? null : node;
  }

  /** Fields that are known and mean nothing here. */
  void ignore(String... keys) {
    asked.addAll(List.of(keys));
  }

  /** The names of all fields. */
  List<String> names() {
    return List.copyOf(fields.keySet());
  }

  /** Every field is known: the kind has many that mean nothing here. */
  void everything() {
    asked.addAll(fields.keySet());
  }

  /** A field that people write here although it is none, or is one elsewhere. */
  void misplaced(String key, String expected) {
    if (take(key) != null) {
      findings.warning(
          lineOf(key), path(key), "is not a field of this block (expected " + expected + ")");
    }
  }

  /** Fields that are known and would change traffic, but are not served. */
  void notServed(String... keys) {
    for (String key : keys) {
      if (take(key) != null) {
        findings.warning(lineOf(key), path(key), "is not served by this version");
      }
    }
  }

  String string(String key, String fallback) {
    Tree node = take(key);
    if (node == null) {
      return fallback;
    }
    if (node instanceof Tree.Scalar scalar) {
      return scalar.text();
    }
    findings.error(node.line(), path(key), "is not a string");
    return fallback;
  }

  String required(String key) {
    String value = string(key, "");
    if (value.isEmpty()) {
      findings.error(lineOf(key), path(key), "is missing");
    }
    return value;
  }

  boolean bool(String key, boolean fallback) {
    String value = string(key, "");
    return switch (value) {
      case "" -> fallback;
      case "true" -> true;
      case "false" -> false;
      default -> {
        findings.error(lineOf(key), path(key), value + " (expected true or false)");
        yield fallback;
      }
    };
  }

  int integer(String key, int fallback, int least, int most) {
    String value = string(key, "");
    if (value.isEmpty()) {
      return fallback;
    }
    try {
      int number = Integer.parseInt(value);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Reported below with the range.
      return outOfRange(key, value, fallback, least, most);
    }
    return outOfRange(key, value, fallback, least, most);
  }

  private int outOfRange(String key, String value, int fallback, int least, int most) {
    findings.error(lineOf(key), path(key), value + " (expected " + least + ".." + most + ")");
    return fallback;
  }

  /** A duration as Go and protobuf write it: {@code 1h2m3.5s}, {@code 250ms}. */
  @Nullable Duration duration(String key) {
    String value = string(key, "");
    if (value.isEmpty()) {
      return null;
    }
    Duration parsed = Durations.parse(value);
    if (parsed == null) {
      findings.error(lineOf(key), path(key), value + " (expected a duration such as 1.5s)");
    }
    return parsed;
  }

  <E extends Enum<E>> @Nullable E oneOf(String key, Class<E> type) {
    String value = string(key, "");
    if (value.isEmpty()) {
      return null;
    }
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equals(value)) {
        return constant;
      }
    }
    findings.error(
        lineOf(key),
        path(key),
        value + " (expected one of " + List.of(type.getEnumConstants()) + ")");
    return null;
  }

  @Nullable Fields object(String key) {
    Tree node = take(key);
    if (node == null) {
      return null;
    }
    if (node instanceof Tree.Mapping mapping) {
      return new Fields(mapping, path(key), findings);
    }
    findings.error(node.line(), path(key), "is not an object");
    return null;
  }

  List<String> strings(String key) {
    List<String> values = new ArrayList<>();
    for (Tree item : items(key)) {
      if (item instanceof Tree.Scalar scalar) {
        values.add(scalar.text());
      } else {
        findings.error(item.line(), path(key), "holds something that is not a string");
      }
    }
    return values;
  }

  /** Reads each object of a list; items that fail to translate are left out. */
  <T> List<T> objects(String key, Function<Fields, @Nullable T> reader) {
    List<T> values = new ArrayList<>();
    int index = 0;
    for (Tree item : items(key)) {
      String itemPath = path(key) + "[" + index++ + "]";
      if (item instanceof Tree.Mapping mapping) {
        int mark = findings.mark();
        Fields object = new Fields(mapping, itemPath, findings);
        T value = reader.apply(object);
        object.finish();
        if (value != null && !findings.hasErrorsSince(mark)) {
          values.add(value);
        }
      } else {
        findings.error(item.line(), itemPath, "is not an object");
      }
    }
    return values;
  }

  private List<Tree> items(String key) {
    Tree node = take(key);
    if (node == null) {
      return List.of();
    }
    if (node instanceof Tree.Sequence sequence) {
      return sequence.items();
    }
    findings.error(node.line(), path(key), "is not a list");
    return List.of();
  }

  Map<String, String> stringMap(String key) {
    Map<String, String> values = new LinkedHashMap<>();
    Fields object = object(key);
    if (object != null) {
      object.fields.keySet().forEach(name -> values.put(name, object.string(name, "")));
    }
    return values;
  }

  /** Reads each value of a mapping as an object. */
  Map<String, Fields> objectMap(String key) {
    Map<String, Fields> values = new LinkedHashMap<>();
    Fields object = object(key);
    if (object != null) {
      for (String name : object.fields.keySet()) {
        Fields value = object.object(name);
        if (value != null) {
          values.put(name, value);
        }
      }
    }
    return values;
  }

  /** The list of items of a {@code kind: List}. */
  List<Tree> rawItems() {
    return items("items");
  }

  /** Names every field that nobody asked for, where that is wanted. */
  void finish() {
    if (!findings.namesUnknownFields()) {
      return;
    }
    for (String key : fields.keySet()) {
      if (!asked.contains(key)) {
        String near = Spelling.nearest(key, asked);
        findings.warning(
            lineOf(key),
            path(key),
            "unknown field" + (near.isEmpty() ? "" : ", did you mean " + near + "?"));
      }
    }
  }
}
