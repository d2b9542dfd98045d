package io.portolan.registry.source.objects;

import java.util.Comparator;

/**
 * One thing that is wrong with, or worth knowing about, a file.
 *
 * @param file path relative to the mesh directory
 * @param line 1-based, 0 for the whole file
 * @param object {@code Kind namespace/name}, or empty
 * @param field path of the field, or empty
 * @param message what is wrong and what was expected
 */
public record Finding(
    Severity severity, String file, int line, String object, String field, String message)
    implements Comparable<Finding> {
  private static final Comparator<Finding> ORDER =
      Comparator.comparing(Finding::file)
          .thenComparingInt(Finding::line)
          .thenComparing(Finding::severity)
          .thenComparing(Finding::object)
          .thenComparing(Finding::field)
          .thenComparing(Finding::message);

  /** How bad it is. */
  public enum Severity {
    /** The object or file is not served as written; its last good version is. */
    ERROR,
    /** The object is served without this field. */
    WARNING,
    /** Worth knowing. */
    INFO
  }

  @Override
  public int compareTo(Finding other) {
    return ORDER.compare(this, other);
  }

  /** What follows file, line and severity. */
  public String text() {
    StringBuilder text = new StringBuilder();
    if (!object.isEmpty()) {
      text.append(object).append(": ");
    }
    if (!field.isEmpty()) {
      text.append(field).append(": ");
    }
    return text.append(message).toString();
  }

  /** {@code file:line: severity: object: field: message}. */
  @Override
  public String toString() {
    return file
        + (line > 0 ? ":" + line : "")
        + ": "
        + severity.name().toLowerCase(java.util.Locale.ROOT)
        + ": "
        + text();
  }
}
