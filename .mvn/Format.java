import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Checks ({@code check}) or rewrites ({@code apply}) the format of all Java sources. */
public final class Format {
  private Format() {}

  public static void main(String[] args) throws IOException {
    boolean apply = args.length > 0 && args[0].equals("apply");
    List<Path> sources;
    try (Stream<Path> walk = Files.walk(Path.of("."))) {
      sources =
          walk.filter(p -> p.toString().endsWith(".java") && !p.toString().contains("/target/"))
              .sorted()
              .toList();
    }
    long wrong = sources.parallelStream().filter(source -> !isFormatted(source, apply)).count();
    if (wrong > 0 && !apply) {
      System.err.println(
          wrong + " file(s) are not formatted (remedy: mvn -N initialize -Dformat=apply)");
      System.exit(1);
    }
  }

  private static boolean isFormatted(Path source, boolean apply) {
    try {
      String text = Files.readString(source);
      String formatted =
          new Formatter()
              .formatSource(
                  ImportOrderer.reorderImports(
                      RemoveUnusedImports.removeUnusedImports(text),
                      JavaFormatterOptions.Style.GOOGLE));
      if (formatted.equals(text)) {
        return true;
      }
      System.err.println((apply ? "formatted " : "not formatted ") + source);
      if (apply) {
        Files.writeString(source, formatted);
      }
      return false;
    } catch (FormatterException | IOException e) {
      System.err.println(source + ": " + e.getMessage());
      return false;
    }
  }
}
