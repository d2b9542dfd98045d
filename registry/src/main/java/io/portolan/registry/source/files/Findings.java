package io.portolan.registry.source.files;

import java.util.ArrayList;
import java.util.List;

/** Collects the findings of one object of one file. */
final class Findings {
  private final String file;
  private final List<Finding> list = new ArrayList<>();
  private String object = "";

  Findings(String file) {
    this.file = file;
  }

  String file() {
    return file;
  }

  /** Names the object that following findings are about. */
  void about(String name) {
    object = name;
  }

  void error(int line, String field, String message) {
    list.add(new Finding(Finding.Severity.ERROR, file, line, object, field, message));
  }

  void warning(int line, String field, String message) {
    list.add(new Finding(Finding.Severity.WARNING, file, line, object, field, message));
  }

  void info(int line, String field, String message) {
    list.add(new Finding(Finding.Severity.INFO, file, line, object, field, message));
  }

  /** Errors found since a mark. */
  boolean hasErrorsSince(int mark) {
    return list.stream().skip(mark).anyMatch(f -> f.severity() == Finding.Severity.ERROR);
  }

  int mark() {
    return list.size();
  }

  List<Finding> list() {
    return List.copyOf(list);
  }
}
