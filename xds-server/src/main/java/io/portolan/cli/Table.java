package io.portolan.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Help.Ansi;

/** A table of text, as wide as its cells. */
public final class Table {
  private final List<String[]> rows = new ArrayList<>();
  private final String[] header;

  /** A table with these column titles. */
  public Table(String... header) {
    this.header = header;
  }

  /** Adds a row with as many cells as there are titles. */
  public void row(String... cells) {
    rows.add(cells);
  }

  /** Prints it after an empty line; nothing when it has no rows. */
  public void print(PrintWriter out) {
    if (rows.isEmpty()) {
      return;
    }
    int[] width = new int[header.length];
    for (int i = 0; i < header.length; i++) {
      width[i] = header[i].length();
      for (String[] row : rows) {
        width[i] = Math.max(width[i], row[i].length());
      }
    }
    out.println();
    out.println(Ansi.AUTO.string("@|bold " + line(header, width) + "|@"));
    rows.forEach(row -> out.println(line(row, width)));
  }

  private static String line(String[] cells, int[] width) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < cells.length; i++) {
      text.append(cells[i]);
      if (i + 1 < cells.length) {
        text.append(" ".repeat(width[i] - cells[i].length() + 2));
      }
    }
    return text.toString();
  }
}
