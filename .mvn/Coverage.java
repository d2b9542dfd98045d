import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;

/** Prints one line about a JaCoCo report: what share of lines and branches the tests reach. */
final class Coverage {
  private Coverage() {}

  /** The argument is the directory of the report; the columns are those of JaCoCo's CSV. */
  public static void main(String[] arguments) throws IOException {
    Path csv = Path.of(arguments[0], "jacoco.csv");
    if (!Files.exists(csv)) {
      System.out.println("coverage: no report, no test of another module ran in this build");
      return;
    }
    List<String> lines = Files.readAllLines(csv);
    List<String> columns = List.of(lines.getFirst().split(",", -1));
    long[] all = new long[4];
    TreeMap<String, long[]> modules = new TreeMap<>();
    for (String line : lines.subList(1, lines.size())) {
      List<String> cells = List.of(line.split(",", -1));
      // The group of an aggregate is the report's name, a slash, the module's name.
      String group = cells.get(columns.indexOf("GROUP"));
      long[] module =
          modules.computeIfAbsent(
              group.substring(group.lastIndexOf('/') + 1).replace("portolan-", ""),
              m -> new long[4]);
      int at = 0;
      for (String name :
          List.of("LINE_MISSED", "LINE_COVERED", "BRANCH_MISSED", "BRANCH_COVERED")) {
        long count = Long.parseLong(cells.get(columns.indexOf(name)));
        all[at] += count;
        module[at] += count;
        at++;
      }
    }
    StringBuilder text = new StringBuilder("coverage: ");
    text.append(share(all, 0)).append(" of lines, ").append(share(all, 2)).append(" of branches");
    String before = " (lines: ";
    for (var module : modules.entrySet()) {
      text.append(before).append(module.getKey()).append(' ').append(share(module.getValue(), 0));
      before = ", ";
    }
    System.out.println(text.append(") ").append(Path.of(arguments[0], "index.html")));
  }

  private static String share(long[] counts, int at) {
    long total = counts[at] + counts[at + 1];
    return total == 0 ? "none" : Math.round(100.0 * counts[at + 1] / total) + " %";
  }
}
