package io.portolan.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
    name = "cluster",
    description = {
      "Adds, removes, lists and examines the clusters of a federation.",
      "",
      "A cluster is a member while the config cluster has a Secret with its kubeconfig: label"
          + " istio/multiCluster=true, in the root namespace, as 'istioctl create-remote-secret'"
          + " writes it."
    },
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      ClusterAddCommand.class,
      ClusterListCommand.class,
      ClusterCheckCommand.class,
      ClusterRemoveCommand.class,
      HelpCommand.class
    },
    footer = {"", "Start here: portolan cluster check --kubeconfig ~/.kube/config"})
final class ClusterCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    CommandSpec known = spec;
    if (known != null) {
      CommandLine line = known.commandLine();
      line.usage(line.getOut());
    }
  }
}
