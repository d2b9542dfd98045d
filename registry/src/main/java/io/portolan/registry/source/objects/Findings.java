package io.portolan.registry.source.objects;

import java.util.ArrayList;
import java.util.List;

/** Collects the findings of one object. */
public final class Findings {
  private final String file;
  private final List<Finding> list = new ArrayList<>();
  private final boolean unknownFields;
  private String object = "";

  /**
   * @param file shown in every finding
   */
  public Findings(String file) {
    this(file, true);
  }

  /**
   * @param unknownFields whether fields that no translator knows are worth a warning: they are
   *     where people write, and not where an API server fills in what its version knows
   */
  public Findings(String file, boolean unknownFields) {
    this.file = file;
    this.unknownFields = unknownFields;
  }

  boolean namesUnknownFields() {
    return unknownFields;
  }

  /** The file, or the API path. */
  public String file() {
    return file;
  }

  /** Names the object that following findings are about. */
  public void about(String name) {
    object = name;
  }

  /** The object cannot be used. */
  public void error(int line, String field, String message) {
    list.add(new Finding(Finding.Severity.ERROR, file, line, object, field, message));
  }

  /** A part of it is not used. */
  public void warning(int line, String field, String message) {
    list.add(new Finding(Finding.Severity.WARNING, file, line, object, field, message));
  }

  /** Worth knowing. */
  public void info(int line, String field, String message) {
    list.add(new Finding(Finding.Severity.INFO, file, line, object, field, message));
  }

  /** Errors found since a mark. */
  public boolean hasErrorsSince(int mark) {
    return list.stream().skip(mark).anyMatch(f -> f.severity() == Finding.Severity.ERROR);
  }

  /** The present end of the list, for {@link #hasErrorsSince}. */
  public int mark() {
    return list.size();
  }

  /** All findings so far. */
  public List<Finding> list() {
    return List.copyOf(list);
  }
}
