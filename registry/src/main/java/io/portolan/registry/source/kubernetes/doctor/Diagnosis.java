package io.portolan.registry.source.kubernetes.doctor;

/**
 * One result of a check.
 *
 * @param check short name
 * @param text what is so
 * @param remedy what to do about it, empty when there is nothing to do
 */
public record Diagnosis(Severity severity, String check, String text, String remedy) {
  /** How bad it is. */
  public enum Severity {
    /** As it should be. */
    OK,
    /** It works, but not for long, or with a risk. */
    WARNING,
    /** The cluster cannot be a member like this. */
    ERROR,
    /** Could not be looked at. */
    SKIPPED
  }

  static Diagnosis ok(String check, String text) {
    return new Diagnosis(Severity.OK, check, text, "");
  }

  static Diagnosis warning(String check, String text, String remedy) {
    return new Diagnosis(Severity.WARNING, check, text, remedy);
  }

  static Diagnosis error(String check, String text, String remedy) {
    return new Diagnosis(Severity.ERROR, check, text, remedy);
  }

  static Diagnosis skipped(String check, String text) {
    return new Diagnosis(Severity.SKIPPED, check, text, "");
  }
}
