package io.portolan.cli;

import io.portolan.server.Version;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "version",
    description = "Prints the version of this program.",
    mixinStandardHelpOptions = true)
final class VersionCommand implements Callable<Integer> {
  @Option(
      names = "--output",
      defaultValue = "text",
      description = "text or json. Default: ${DEFAULT-VALUE}")
  private OutputFormat output = OutputFormat.TEXT;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    if (spec != null) {
      spec.commandLine()
          .getOut()
          .println(
              output == OutputFormat.JSON
                  ? "{\"version\":\"" + Version.current() + "\"}"
                  : "portolan " + Version.current());
    }
    return Exit.OK;
  }
}
