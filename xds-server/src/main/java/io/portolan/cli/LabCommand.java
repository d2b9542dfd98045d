package io.portolan.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

@Command(name = "lab", description = "Runs a federated mesh on this machine.", mixinStandardHelpOptions = true)
final class LabCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    return Exit.OK;
  }
}
