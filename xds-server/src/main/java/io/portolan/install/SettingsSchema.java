package io.portolan.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.re2j.Pattern;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Checks settings against {@code values.schema.json}, in the keywords of JSON Schema draft 7 that
 * the file uses; another keyword is an error of the file.
 */
final class SettingsSchema {
  private static final Set<String> KEYWORDS =
      Set.of(
          "$schema",
          "title",
          "description",
          "type",
          "properties",
          "additionalProperties",
          "items",
          "enum",
          "pattern",
          "minLength",
          "minimum",
          "maximum");

  private final JsonNode schema;

  SettingsSchema(JsonNode schema) {
    this.schema = schema;
  }

  /** Everything that is wrong, each as {@code path: value (expected …)}. */
  List<String> check(JsonNode settings) {
    List<String> wrong = new ArrayList<>();
    check(schema, settings, "", wrong);
    return wrong;
  }

  private static void check(JsonNode schema, JsonNode value, String path, List<String> wrong) {
    schema
        .fieldNames()
        .forEachRemaining(
            keyword -> {
              if (!KEYWORDS.contains(keyword)) {
                throw new IllegalStateException(
                    "values.schema.json: keyword " + keyword + " at " + path + " is not read");
              }
            });
    String where = path.isEmpty() ? "settings" : path;
    if (schema.has("type") && !isOfType(schema.get("type"), value)) {
      wrong.add(where + ": " + value + " (expected " + types(schema.get("type")) + ")");
      return;
    }
    if (schema.has("enum") && !contains(schema.get("enum"), value)) {
      wrong.add(where + ": " + value + " (expected one of " + schema.get("enum") + ")");
    }
    if (value.isTextual()) {
      text(schema, value.textValue(), where, wrong);
    }
    if (value.isNumber()) {
      double low = schema.path("minimum").asDouble(Double.NEGATIVE_INFINITY);
      double high = schema.path("maximum").asDouble(Double.POSITIVE_INFINITY);
      if (value.asDouble() < low || value.asDouble() > high) {
        wrong.add(
            where
                + ": "
                + value
                + " (expected "
                + schema.path("minimum").asText()
                + ".."
                + schema.path("maximum").asText()
                + ")");
      }
    }
    if (value.isArray() && schema.has("items")) {
      for (int i = 0; i < value.size(); i++) {
        check(schema.get("items"), value.get(i), where + "[" + i + "]", wrong);
      }
    }
    if (value.isObject()) {
      members(schema, value, path, wrong);
    }
  }

  private static void text(JsonNode schema, String text, String where, List<String> wrong) {
    if (text.length() < schema.path("minLength").asInt(0)) {
      wrong.add(where + ": is empty");
    }
    if (schema.has("pattern")) {
      String pattern = schema.get("pattern").asText();
      if (!Pattern.compile(pattern).matcher(text).find()) {
        wrong.add(where + ": '" + text + "' (expected " + pattern + ")");
      }
    }
  }

  private static void members(JsonNode schema, JsonNode value, String path, List<String> wrong) {
    JsonNode known = schema.path("properties");
    JsonNode more = schema.path("additionalProperties");
    Iterator<String> names = value.fieldNames();
    while (names.hasNext()) {
      String name = names.next();
      String where = path.isEmpty() ? name : path + "." + name;
      if (known.has(name)) {
        check(known.get(name), value.get(name), where, wrong);
      } else if (more.isObject()) {
        check(more, value.get(name), where, wrong);
      } else if (more.isBoolean() && !more.booleanValue()) {
        Set<String> expected = new TreeSet<>();
        known.fieldNames().forEachRemaining(expected::add);
        wrong.add(where + ": is not a setting (expected one of " + expected + ")");
      }
    }
  }

  private static boolean contains(JsonNode list, JsonNode value) {
    for (JsonNode each : list) {
      if (each.equals(value)) {
        return true;
      }
    }
    return false;
  }

  private static String types(JsonNode type) {
    return type.isTextual() ? type.asText() : type.toString();
  }

  private static boolean isOfType(JsonNode type, JsonNode value) {
    if (type.isArray()) {
      for (JsonNode each : type) {
        if (isOfType(each, value)) {
          return true;
        }
      }
      return false;
    }
    return switch (type.asText()) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "boolean" -> value.isBoolean();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      default -> throw new IllegalStateException("values.schema.json: type " + type);
    };
  }
}
