package io.portolan.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;

/** The chart's values with what a user says over them, in the spelling of {@code helm --set}. */
final class Settings {
  private static final int MAX_DIGITS = 18;

  private Settings() {}

  /**
   * Applies {@code path=value[,path=value]…}. A path may start with {@code values.}, as an istioctl
   * command line has it. A value is true, false, null, a whole number, {@code {a,b}}, or text; a
   * backslash takes the meaning from the next character.
   *
   * @throws InstallException when it is not of that form
   */
  static void set(ObjectNode values, String option) throws InstallException {
    for (String one : split(option, ',')) {
      int equals = one.indexOf('=');
      if (equals <= 0) {
        throw new InstallException("--set " + one + ": expected path=value");
      }
      List<String> path = split(one.substring(0, equals), '.');
      if (path.size() > 1 && path.getFirst().equals("values")) {
        path = path.subList(1, path.size());
      }
      put(values, path, value(one.substring(equals + 1)), one);
    }
  }

  private static void put(ObjectNode values, List<String> path, JsonNode value, String option)
      throws InstallException {
    ObjectNode at = values;
    for (String step : path.subList(0, path.size() - 1)) {
      JsonNode next = at.get(unescaped(step));
      if (next != null && !next.isObject() && !next.isNull()) {
        throw new InstallException(
            "--set " + option + ": " + step + " is not a group of settings but " + next);
      }
      at = next instanceof ObjectNode object ? object : at.putObject(unescaped(step));
    }
    String last = unescaped(path.getLast());
    if (last.isEmpty() || last.indexOf('[') >= 0) {
      throw new InstallException(
          "--set " + option + ": expected names separated by dots (lists are {a,b})");
    }
    if (value.isNull()) {
      at.remove(last);
    } else {
      at.set(last, value);
    }
  }

  private static JsonNode value(String text) throws InstallException {
    if (text.equals("{}")) {
      throw new InstallException(
          "--set …={}: is a list of one empty text to Helm (expected at least one item)");
    }
    if (text.startsWith("{") && text.endsWith("}")) {
      ArrayNode list = JsonNodeFactory.instance.arrayNode();
      split(text.substring(1, text.length() - 1), ',').forEach(item -> list.add(scalar(item)));
      return list;
    }
    return scalar(text);
  }

  private static JsonNode scalar(String text) {
    return switch (text) {
      case "true" -> BooleanNode.TRUE;
      case "false" -> BooleanNode.FALSE;
      case "null" -> NullNode.instance;
      default ->
          isNumber(text)
              ? LongNode.valueOf(Long.parseLong(text))
              : TextNode.valueOf(unescaped(text));
    };
  }

  /** A number with a leading zero is text, as Helm has it. */
  private static boolean isNumber(String text) {
    String digits = text.startsWith("-") ? text.substring(1) : text;
    return !digits.isEmpty()
        && digits.length() <= MAX_DIGITS
        && digits.chars().allMatch(c -> c >= '0' && c <= '9')
        && (digits.length() == 1 || digits.charAt(0) != '0');
  }

  /** Splits outside of braces and not after a backslash; escapes stay for {@link #unescaped}. */
  private static List<String> split(String text, char separator) {
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    int depth = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && i + 1 < text.length()) {
        part.append(c).append(text.charAt(++i));
        continue;
      }
      depth += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (c == separator && depth == 0) {
        parts.add(part.toString());
        part.setLength(0);
      } else {
        part.append(c);
      }
    }
    parts.add(part.toString());
    return parts;
  }

  private static String unescaped(String text) {
    StringBuilder plain = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      plain.append(c == '\\' && i + 1 < text.length() ? text.charAt(++i) : c);
    }
    return plain.toString();
  }
}
