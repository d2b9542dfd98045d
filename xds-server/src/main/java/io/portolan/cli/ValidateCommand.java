package io.portolan.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.portolan.registry.source.files.MeshDirectory;
import io.portolan.registry.source.objects.Finding;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "validate",
    description = {
      "Reads a mesh directory as 'serve' would and prints every finding with file, line and field.",
      "",
      "Exit code 1 when there is an error; with --strict also when there is a warning."
    },
    mixinStandardHelpOptions = true)
final class ValidateCommand implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "The mesh directory.")
  private Path directory = Path.of(".");

  @Option(names = "--strict", description = "Warnings count as errors.")
  private boolean strict;

  @Option(names = "--output", defaultValue = "text", description = "text or json. Default: text")
  private OutputFormat output = OutputFormat.TEXT;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    MeshDirectory.Scan scan = new MeshDirectory(directory, Clock.systemUTC(), Duration.ZERO).scan();
    List<Finding> findings = scan.findings();
    long errors = count(findings, Finding.Severity.ERROR);
    long warnings = count(findings, Finding.Severity.WARNING);
    if (spec != null) {
      print(spec.commandLine().getOut(), findings, scan.changes().size(), errors, warnings);
    }
    return errors > 0 || (strict && warnings > 0) ? Exit.FAILED : Exit.OK;
  }

  private static long count(List<Finding> findings, Finding.Severity severity) {
    return findings.stream().filter(f -> f.severity() == severity).count();
  }

  private void print(
      PrintWriter out, List<Finding> findings, int objects, long errors, long warnings)
      throws java.io.IOException {
    if (output == OutputFormat.JSON) {
      ObjectMapper json = new ObjectMapper();
      ArrayNode list = json.createArrayNode();
      findings.forEach(
          f ->
              list.addObject()
                  .put("severity", f.severity().name().toLowerCase(Locale.ROOT))
                  .put("file", f.file())
                  .put("line", f.line())
                  .put("object", f.object())
                  .put("field", f.field())
                  .put("message", f.message()));
      out.println(json.writerWithDefaultPrettyPrinter().writeValueAsString(list));
      return;
    }
    for (Finding finding : findings) {
      String colour =
          switch (finding.severity()) {
            case ERROR -> "red";
            case WARNING -> "yellow";
            case INFO -> "faint";
          };
      out.println(
          Ansi.AUTO.string("@|" + colour + " " + finding.severity() + "|@ ")
              + finding.file()
              + (finding.line() > 0 ? ":" + finding.line() : "")
              + "  "
              + finding.text());
    }
    out.println(
        objects
            + " objects and settings read, "
            + errors
            + " error(s), "
            + warnings
            + " warning(s)");
  }
}
