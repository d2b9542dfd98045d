package io.portolan.install;

import java.util.ArrayList;
import java.util.List;

/**
 * What stands between <code>{{</code> and <code>}}</code>: literals, paths, calls, pipes and
 * parentheses of Go's template language.
 */
sealed interface Expression {
  /** A literal, as JSON. */
  record Literal(com.fasterxml.jackson.databind.JsonNode value) implements Expression {}

  /**
   * A path.
   *
   * @param variable the variable it starts at: empty for {@code $}, {@code .} for the current value
   */
  record Path(String variable, List<String> fields) implements Expression {
    public Path {
      fields = List.copyOf(fields);
    }
  }

  /** A call of a function of {@link Functions}. */
  record Call(String function, List<Expression> arguments) implements Expression {
    public Call {
      arguments = List.copyOf(arguments);
    }
  }

  /**
   * Parses a pipeline.
   *
   * @throws InstallException when it is not in the part of the language that is read
   */
  static Expression parse(String text) throws InstallException {
    Parser parser = new Parser(text);
    Expression whole = parser.pipeline();
    parser.end();
    return whole;
  }

  /** Recursive descent over the characters. */
  final class Parser {
    private final String text;
    private int at;

    Parser(String text) {
      this.text = text;
    }

    Expression pipeline() throws InstallException {
      Expression left = command();
      while (skip() == '|') {
        at++;
        Expression right = command();
        if (!(right instanceof Call call)) {
          throw wrong("expected a function after |");
        }
        // The value on the left is the last argument of the function on the right.
        List<Expression> arguments = new ArrayList<>(call.arguments());
        arguments.add(left);
        left = new Call(call.function(), arguments);
      }
      return left;
    }

    private Expression command() throws InstallException {
      char next = skip();
      if (!Character.isLetter(next)) {
        return operand();
      }
      String name = word();
      if (name.equals("true") || name.equals("false")) {
        return new Literal(
            com.fasterxml.jackson.databind.node.BooleanNode.valueOf(name.equals("true")));
      }
      if (!Functions.NAMES.contains(name)) {
        throw wrong("function " + name + " is not among " + Functions.NAMES);
      }
      List<Expression> arguments = new ArrayList<>();
      while (true) {
        char following = skip();
        if (following == 0 || following == '|' || following == ')') {
          return new Call(name, arguments);
        }
        arguments.add(operand());
      }
    }

    private Expression operand() throws InstallException {
      char next = skip();
      if (next == '(') {
        at++;
        Expression inner = pipeline();
        if (skip() != ')') {
          throw wrong("expected )");
        }
        at++;
        return inner;
      }
      if (next == '"') {
        return new Literal(com.fasterxml.jackson.databind.node.TextNode.valueOf(string()));
      }
      if (next == '.' || next == '$') {
        return path();
      }
      if (Character.isDigit(next)) {
        return new Literal(
            com.fasterxml.jackson.databind.node.LongNode.valueOf(Long.parseLong(word())));
      }
      if (text.startsWith("true", at) || text.startsWith("false", at)) {
        return new Literal(
            com.fasterxml.jackson.databind.node.BooleanNode.valueOf(word().equals("true")));
      }
      throw wrong("expected a value");
    }

    private Path path() {
      String variable = ".";
      if (text.charAt(at) == '$') {
        at++;
        variable = word();
      }
      List<String> fields = new ArrayList<>();
      while (at < text.length() && text.charAt(at) == '.') {
        at++;
        String field = word();
        if (!field.isEmpty()) {
          fields.add(field);
        }
      }
      return new Path(variable, fields);
    }

    private String string() throws InstallException {
      StringBuilder value = new StringBuilder();
      for (at++; at < text.length(); at++) {
        char c = text.charAt(at);
        if (c == '"') {
          at++;
          return value.toString();
        }
        if (c == '\\') {
          throw wrong("escapes are not read");
        }
        value.append(c);
      }
      throw wrong("a string without end");
    }

    private String word() {
      int start = at;
      while (at < text.length()
          && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_')) {
        at++;
      }
      return text.substring(start, at);
    }

    private char skip() {
      while (at < text.length() && text.charAt(at) == ' ') {
        at++;
      }
      return at < text.length() ? text.charAt(at) : 0;
    }

    void end() throws InstallException {
      if (skip() != 0) {
        throw wrong("unexpected rest");
      }
    }

    private InstallException wrong(String what) {
      return new InstallException("{{ " + text + " }} at character " + at + ": " + what);
    }
  }
}
