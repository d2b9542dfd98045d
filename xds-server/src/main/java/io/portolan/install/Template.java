package io.portolan.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * A template in the part of Go's template language that the chart keeps to: output, {@code if},
 * {@code else}, {@code range} over a list or over {@code $key, $value}, {@code $name := …},
 * trimming with {@code -}, and {@link Functions}. No {@code define}, {@code include}, {@code with}
 * or comments; these are refused when the template is parsed.
 */
final class Template {
  private sealed interface Node {
    record Text(String text) implements Node {}

    record Output(Expression value) implements Node {}

    record Assign(String name, Expression value) implements Node {}

    record Choice(Expression condition, List<Node> then, List<Node> otherwise) implements Node {}

    record Loop(String key, String value, Expression over, List<Node> body) implements Node {}
  }

  private record Part(boolean code, String text) {}

  private final List<Node> nodes;

  private Template(List<Node> nodes) {
    this.nodes = nodes;
  }

  /**
   * Parses a template.
   *
   * @throws InstallException when it uses anything that is not read here
   */
  static Template parse(String text) throws InstallException {
    Parser parser = new Parser(parts(text));
    List<Node> nodes = parser.block();
    if (parser.at < parser.parts.size()) {
      throw new InstallException("{{ " + parser.parts.get(parser.at).text + " }} without if");
    }
    return new Template(nodes);
  }

  /**
   * Renders it.
   *
   * @param root what {@code .} and {@code $} are at the start
   * @throws InstallException where a function fails; {@code fail} is one
   */
  String render(JsonNode root) throws InstallException {
    StringBuilder out = new StringBuilder();
    Map<String, JsonNode> variables = new HashMap<>();
    variables.put("", root);
    variables.put(".", root);
    render(nodes, variables, out);
    return out.toString();
  }

  private static List<Part> parts(String text) throws InstallException {
    List<Part> parts = new ArrayList<>();
    int at = 0;
    boolean trim = false;
    while (true) {
      int open = text.indexOf("{{", at);
      String before = open < 0 ? text.substring(at) : text.substring(at, open);
      if (trim) {
        before = before.stripLeading();
      }
      if (open < 0) {
        parts.add(new Part(false, before));
        return parts;
      }
      int close = text.indexOf("}}", open);
      if (close < 0) {
        throw new InstallException("{{ without }}: " + text.substring(open));
      }
      String code = text.substring(open + 2, close);
      if (code.startsWith("- ")) {
        before = before.stripTrailing();
        code = code.substring(1);
      }
      trim = code.endsWith(" -");
      if (trim) {
        code = code.substring(0, code.length() - 1);
      }
      parts.add(new Part(false, before));
      parts.add(new Part(true, code.strip()));
      at = close + 2;
    }
  }

  private static final class Parser {
    private final List<Part> parts;
    private int at;

    Parser(List<Part> parts) {
      this.parts = parts;
    }

    List<Node> block() throws InstallException {
      List<Node> nodes = new ArrayList<>();
      while (at < parts.size()) {
        Part part = parts.get(at);
        if (!part.code) {
          at++;
          nodes.add(new Node.Text(part.text));
          continue;
        }
        if (part.text.equals("end") || part.text.equals("else")) {
          return nodes;
        }
        at++;
        nodes.add(statement(part.text));
      }
      return nodes;
    }

    private Node statement(String code) throws InstallException {
      if (code.startsWith("if ")) {
        Expression condition = Expression.parse(code.substring(3));
        List<Node> then = block();
        List<Node> otherwise = List.of();
        if (at < parts.size() && parts.get(at).text.equals("else")) {
          at++;
          otherwise = block();
        }
        end(code);
        return new Node.Choice(condition, then, otherwise);
      }
      if (code.startsWith("range ")) {
        return range(code);
      }
      int assign = code.indexOf(":=");
      if (code.startsWith("$") && assign > 0) {
        return new Node.Assign(
            code.substring(1, assign).strip(), Expression.parse(code.substring(assign + 2)));
      }
      return new Node.Output(Expression.parse(code));
    }

    private Node range(String code) throws InstallException {
      String rest = code.substring(6);
      String key = "";
      String value = ".";
      int assign = rest.indexOf(":=");
      if (assign >= 0) {
        int comma = rest.indexOf(',');
        if (comma < 0 || comma > assign) {
          throw new InstallException("{{ " + code + " }}: expected $key, $value :=");
        }
        key = rest.substring(0, comma).strip().substring(1);
        value = rest.substring(comma + 1, assign).strip().substring(1);
        rest = rest.substring(assign + 2);
      }
      Expression over = Expression.parse(rest);
      List<Node> body = block();
      end(code);
      return new Node.Loop(key, value, over, body);
    }

    private void end(String opened) throws InstallException {
      if (at >= parts.size() || !parts.get(at).text.equals("end")) {
        throw new InstallException("{{ " + opened + " }} without end");
      }
      at++;
    }
  }

  private static void render(List<Node> nodes, Map<String, JsonNode> outer, StringBuilder out)
      throws InstallException {
    Map<String, JsonNode> variables = new HashMap<>(outer);
    for (Node node : nodes) {
      switch (node) {
        case Node.Text text -> out.append(text.text());
        case Node.Output output -> out.append(Functions.text(value(output.value(), variables)));
        case Node.Assign assign -> variables.put(assign.name(), value(assign.value(), variables));
        case Node.Choice choice ->
            render(
                Functions.isTrue(value(choice.condition(), variables))
                    ? choice.then()
                    : choice.otherwise(),
                variables,
                out);
        case Node.Loop loop -> loop(loop, variables, out);
      }
    }
  }

  private static void loop(Node.Loop loop, Map<String, JsonNode> outer, StringBuilder out)
      throws InstallException {
    JsonNode over = value(loop.over(), outer);
    Map<String, JsonNode> variables = new HashMap<>(outer);
    if (over.isObject()) {
      for (String key : new TreeSet<>(fields(over))) {
        variables.put(loop.key(), TextNode.valueOf(key));
        variables.put(loop.value(), over.path(key));
        variables.put(".", over.path(key));
        variables.put("", outer.getOrDefault("", MissingNode.getInstance()));
        render(loop.body(), variables, out);
      }
      return;
    }
    for (int i = 0; i < over.size(); i++) {
      if (!loop.key().isEmpty()) {
        variables.put(loop.key(), IntNode.valueOf(i));
        variables.put(loop.value(), over.path(i));
      }
      variables.put(".", over.path(i));
      render(loop.body(), variables, out);
    }
  }

  private static List<String> fields(JsonNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static JsonNode value(Expression expression, Map<String, JsonNode> variables)
      throws InstallException {
    return switch (expression) {
      case Expression.Literal literal -> literal.value();
      case Expression.Path path -> {
        JsonNode at = variables.get(path.variable());
        if (at == null) {
          throw new InstallException("$" + path.variable() + " is not defined");
        }
        for (String field : path.fields()) {
          if (!at.isObject()) {
            throw new InstallException(
                "." + String.join(".", path.fields()) + ": nothing is above " + field);
          }
          at = at.path(field);
        }
        yield at;
      }
      case Expression.Call call -> {
        List<JsonNode> arguments = new ArrayList<>();
        for (Expression argument : call.arguments()) {
          arguments.add(value(argument, variables));
        }
        yield Functions.call(call.function(), arguments);
      }
    };
  }
}
