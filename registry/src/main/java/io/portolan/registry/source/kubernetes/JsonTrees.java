package io.portolan.registry.source.kubernetes;

import io.portolan.registry.source.objects.Tree;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * One JSON object as a tree. What is wrong with it does not take its name away: as much of {@code
 * metadata} as came before the mistake is known.
 */
final class JsonTrees {
  private static final int MAX_DEPTH = 64;
  private static final int MAX_STRING = 1024 * 1024;
  private static final int MAX_NAME = 2048;
  private static final int MAX_NUMBER = 100;
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(MAX_STRING)
                  .maxNameLength(MAX_NAME)
                  .maxNumberLength(MAX_NUMBER)
                  .build())
          .build();

  /**
   * What was read.
   *
   * @param tree the object, null when it is not JSON within the limits
   * @param known texts of its {@code metadata}, and of a watch event its {@code type}
   * @param problem why there is no tree, else empty
   */
  record Parsed(Tree.@Nullable Mapping tree, Map<String, String> known, String problem) {
    /** A text of {@code metadata}, empty when it is not known. */
    String known(String key) {
      return known.getOrDefault(key, "");
    }
  }

  /** Where in the object the parser is. */
  private enum Place {
    EVENT,
    OBJECT,
    METADATA,
    ELSEWHERE;

    Place below(String key) {
      return switch (this) {
        case EVENT -> key.equals("object") ? OBJECT : ELSEWHERE;
        case OBJECT -> key.equals("metadata") ? METADATA : ELSEWHERE;
        case METADATA, ELSEWHERE -> ELSEWHERE;
      };
    }
  }

  private final Map<String, String> known = new HashMap<>();
  private final JsonParser parser;

  private JsonTrees(JsonParser parser) {
    this.parser = parser;
  }

  /** Reads an object. */
  static Parsed object(byte[] bytes, int length, Keep keep) {
    return read(bytes, length, keep, Place.OBJECT);
  }

  /** Reads a watch event: {@code type} and {@code object}. */
  static Parsed event(byte[] bytes, int length, Keep keep) {
    return read(
        bytes,
        length,
        key -> key.equals("object") ? keep : key.equals("type") ? Keep.ALL : null,
        Place.EVENT);
  }

  private static Parsed read(byte[] bytes, int length, Keep keep, Place place) {
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), bytes, 0, length)) {
      JsonTrees trees = new JsonTrees(parser);
      try {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
          return new Parsed(null, Map.of(), "is not an object");
        }
        Tree.Mapping tree = trees.mapping(keep, place);
        return new Parsed(tree, trees.known, "");
      } catch (JacksonException e) {
        return new Parsed(null, trees.known, problem(e));
      }
    }
  }

  private static String problem(JacksonException e) {
    String message = String.valueOf(e.getOriginalMessage());
    int end = message.indexOf('\n');
    return end < 0 ? message : message.substring(0, end);
  }

  private Tree value(Keep keep, Place place) {
    return switch (parser.currentToken()) {
      case START_OBJECT -> mapping(keep, place);
      case START_ARRAY -> {
        List<Tree> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          items.add(value(keep, Place.ELSEWHERE));
        }
        yield new Tree.Sequence(items, 0);
      }
      case VALUE_NULL -> new Tree.Nothing(0);
      case null, default -> new Tree.Scalar(parser.getString(), 0);
    };
  }

  private Tree.Mapping mapping(Keep keep, Place place) {
    List<Tree.Entry> entries = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      parser.nextToken();
      Keep below = keep.below(key);
      if (below == null) {
        parser.skipChildren();
        continue;
      }
      Tree value = value(below, place.below(key));
      if (value instanceof Tree.Scalar scalar
          && (place == Place.METADATA || place == Place.EVENT)) {
        known.putIfAbsent(key, scalar.text());
      }
      entries.add(new Tree.Entry(key, 0, value));
    }
    return new Tree.Mapping(entries, 0);
  }

  /** What is at a path of keys, null when nothing is. */
  static @Nullable Tree at(@Nullable Tree tree, String... path) {
    Tree here = tree;
    for (String key : path) {
      Tree next = null;
      if (here instanceof Tree.Mapping mapping) {
        for (Tree.Entry entry : mapping.entries()) {
          if (entry.key().equals(key)) {
            next = entry.value();
            break;
          }
        }
      }
      here = next;
    }
    return here;
  }

  /** The text at a path of keys, empty when there is none. */
  static String text(@Nullable Tree tree, String... path) {
    return at(tree, path) instanceof Tree.Scalar scalar ? scalar.text() : "";
  }
}
