package io.portolan.ca.store;

import java.io.IOException;
import java.util.List;

/** CA files that cannot be used; every problem names its file, none quotes its content. */
public final class CaMaterialException extends IOException {
  private static final long serialVersionUID = 1L;

  private final List<String> problems;

  CaMaterialException(String where, List<String> problems) {
    super(where + ": " + String.join("; ", problems));
    this.problems = List.copyOf(problems);
  }

  /** One entry per problem. */
  public List<String> problems() {
    return problems;
  }
}
