package io.portolan.cli;

import io.portolan.server.Version;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;

/** The program. */
@Command(
    name = "portolan",
    description = {
      "An Envoy control plane for federated meshes.",
      "",
      "Reads services and endpoints of every cluster, signs workload certificates from one shared"
          + " root, and streams configuration to Envoy over ADS."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      ServeCommand.class,
      LabCommand.class,
      BootstrapCommand.class,
      TokenCommand.class,
      StatusCommand.class,
      ExplainCommand.class,
      ClusterCommand.class,
      ValidateCommand.class,
      InstallCommand.class,
      VersionCommand.class,
      CompletionCommand.class,
      HelpCommand.class
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done; the answer is yes",
      "1:failed; the answer is no",
      "2:the command line is wrong",
      "3:the control plane cannot be reached"
    },
    footer = {
      "",
      "Start here: portolan lab active-active",
    })
public final class Main implements Runnable {
  @picocli.CommandLine.Spec
  private CommandLine.Model.@org.jspecify.annotations.Nullable CommandSpec spec;

  /** Runs a command and exits with its code. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  /** The whole command line, for main, completion and tests. */
  public static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true)
        .setExecutionExceptionHandler(
            (exception, line, result) -> {
              line.getErr()
                  .println(
                      line.getColorScheme().errorText("portolan: " + FailureText.of(exception)));
              return Exit.FAILED;
            });
  }

  @Override
  public void run() {
    if (spec != null) {
      spec.commandLine().usage(spec.commandLine().getOut());
    }
  }

  /** The version line. */
  static final class VersionText implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"portolan " + Version.current()};
    }
  }

  /** The completion script of the whole command line. */
  static String completion() {
    return AutoComplete.bash("portolan", commandLine());
  }
}
