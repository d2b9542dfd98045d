package io.portolan.registry.model;

/**
 * Where an object was read: shown to people, never part of generated configuration.
 *
 * @param source file path relative to the mesh directory, or the API server's resource path
 * @param line 1-based line of the document in a file, 0 where lines mean nothing
 */
public record Origin(String source, int line) {
  @Override
  public String toString() {
    return line > 0 ? source + ":" + line : source;
  }
}
