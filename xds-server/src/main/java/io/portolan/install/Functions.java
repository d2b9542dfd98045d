package io.portolan.install;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.re2j.Pattern;
import java.util.List;
import java.util.Set;

/** The functions of the template language that are read, with Helm's meaning. */
final class Functions {
  static final Set<String> NAMES =
      Set.of(
          "and",
          "eq",
          "fail",
          "index",
          "ne",
          "not",
          "or",
          "print",
          "quote",
          "regexMatch",
          "toJson");

  /** Helm holds numbers of values.yaml as floats, and prints larger ones with an exponent. */
  private static final double MAX_NUMBER = 1e6;

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS).build();

  private Functions() {}

  static JsonNode call(String name, List<JsonNode> a) throws InstallException {
    return switch (name) {
      case "and" -> {
        for (JsonNode each : a) {
          if (!isTrue(each)) {
            yield each;
          }
        }
        yield a.getLast();
      }
      case "or" -> {
        for (JsonNode each : a) {
          if (isTrue(each)) {
            yield each;
          }
        }
        yield a.getLast();
      }
      case "not" -> BooleanNode.valueOf(!isTrue(one(name, a)));
      case "eq" -> BooleanNode.valueOf(equal(a));
      case "ne" -> BooleanNode.valueOf(!equal(a));
      case "index" -> {
        pair(name, a);
        yield a.get(0).path(a.get(1).asText());
      }
      case "quote" -> TextNode.valueOf(json(TextNode.valueOf(text(one(name, a)))));
      case "toJson" -> TextNode.valueOf(json(one(name, a)));
      case "print" -> {
        StringBuilder all = new StringBuilder();
        for (JsonNode each : a) {
          all.append(text(each));
        }
        yield TextNode.valueOf(all.toString());
      }
      case "regexMatch" -> {
        pair(name, a);
        yield BooleanNode.valueOf(
            Pattern.compile(a.get(0).asText()).matcher(text(a.get(1))).find());
      }
      case "fail" -> throw new InstallException(text(one(name, a)));
      default -> throw new InstallException("function " + name + " is not known");
    };
  }

  private static JsonNode one(String name, List<JsonNode> arguments) throws InstallException {
    if (arguments.size() != 1) {
      throw new InstallException(name + ": " + arguments.size() + " arguments (expected 1)");
    }
    return arguments.getFirst();
  }

  private static void pair(String name, List<JsonNode> arguments) throws InstallException {
    if (arguments.size() != 2) {
      throw new InstallException(name + ": " + arguments.size() + " arguments (expected 2)");
    }
  }

  private static boolean equal(List<JsonNode> arguments) throws InstallException {
    pair("eq", arguments);
    JsonNode left = arguments.get(0);
    JsonNode right = arguments.get(1);
    if (left.getNodeType() != right.getNodeType() || left.isContainerNode()) {
      throw new InstallException("eq: " + left + " and " + right + " cannot be compared");
    }
    return left.isNumber() ? left.asDouble() == right.asDouble() : left.equals(right);
  }

  /** Go's truth: not false, zero, empty or absent. */
  static boolean isTrue(JsonNode value) {
    return switch (value.getNodeType()) {
      case BOOLEAN -> value.booleanValue();
      case NUMBER -> value.doubleValue() != 0;
      case STRING -> !value.textValue().isEmpty();
      case ARRAY, OBJECT -> !value.isEmpty();
      case MISSING, NULL, BINARY, POJO -> false;
    };
  }

  /** A scalar as it is printed. */
  static String text(JsonNode value) throws InstallException {
    return switch (value.getNodeType()) {
      case STRING -> value.textValue();
      case BOOLEAN -> value.asText();
      case NUMBER -> {
        if (!value.isIntegralNumber() || Math.abs(value.doubleValue()) >= MAX_NUMBER) {
          throw new InstallException(
              value
                  + ": is printed with an exponent by Helm (expected a string, or a whole number"
                  + " below a million)");
        }
        yield value.asText();
      }
      case MISSING, NULL -> "";
      case ARRAY, OBJECT, BINARY, POJO ->
          throw new InstallException(value + ": cannot be printed (remedy: toJson)");
    };
  }

  private static String json(JsonNode value) throws InstallException {
    try {
      Object plain = value instanceof MissingNode ? "" : JSON.convertValue(value, Object.class);
      return JSON.writeValueAsString(plain);
    } catch (JsonProcessingException e) {
      throw new InstallException("toJson: " + e.getOriginalMessage(), e);
    }
  }
}
