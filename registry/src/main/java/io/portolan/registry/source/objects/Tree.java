package io.portolan.registry.source.objects;

import java.util.List;

/**
 * A parsed document, whatever it was written in: the translators read nothing else, so that the
 * same object means the same from a file and from an API server.
 */
public sealed interface Tree {
  /** 1-based line, 0 where lines mean nothing. */
  int line();

  /** An object; a key that occurs twice is there twice. */
  record Mapping(List<Entry> entries, int line) implements Tree {}

  /** A key with its value. */
  record Entry(String key, int line, Tree value) {}

  /** A list. */
  record Sequence(List<Tree> items, int line) implements Tree {}

  /** A string, number or boolean, as text. */
  record Scalar(String text, int line) implements Tree {}

  /** Null. */
  record Nothing(int line) implements Tree {}
}
