package io.portolan.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.portolan.install.Chart;
import io.portolan.install.InstallException;
import io.portolan.install.Installer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "install",
    description = {
      "Installs Portolan, or its east-west gateway, into a Kubernetes cluster.",
      "",
      "The objects are those of the Helm chart with the same settings. --print writes them for kubectl;"
          + " without it they are applied by server-side apply, as field manager portolan.",
      "",
      "Settings have the chart's names, which are Istio's where Istio has them:"
          + " --set values.global.network=network1 is taken as it is."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class InstallCommand implements Callable<Integer> {
  private static final Duration SERVED = Duration.ofSeconds(30);
  private static final String ADDRESS = "global.remotePilotAddress=";

  @Option(names = "--print", description = "Print the objects and apply nothing.")
  private boolean print;

  @Option(
      names = "--profile",
      description = {
        "primary (the control plane), remote (the way to one), or eastwest (the gateway alone)."
            + " Default: remote where global.remotePilotAddress is set, else primary"
      })
  private @Nullable Profile profile;

  @Option(names = "--size", description = "s, m or l: resources by mesh size. Default: s")
  private @Nullable Size size;

  @Option(
      names = "--set",
      paramLabel = "PATH=VALUE",
      description = "A setting of the chart, as helm --set has it. May be repeated.")
  private List<String> set = new ArrayList<>();

  @Option(
      names = {"-n", "--namespace"},
      defaultValue = "istio-system",
      description = "Namespace, made where it is missing. Default: istio-system")
  private String namespace = "istio-system";

  @Option(
      names = "--skip-crds",
      description = "Leave the definitions of the Istio kinds out. The gateway alone has none.")
  private boolean skipDefinitions;

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description = "Default: $KUBECONFIG, else ~/.kube/config, else the pod's own account")
  private @Nullable Path kubeconfig;

  @Option(names = "--context", description = "Context of the kubeconfig. Default: the current one")
  private @Nullable String context;

  @Option(
      names = "--force-conflicts",
      description = "Take fields over that another manager, such as Helm, owns.")
  private boolean force;

  @Option(
      names = "--wait",
      paramLabel = "TIME",
      converter = Spans.class,
      defaultValue = "5m",
      description = "How long the deployments may take; 0s does not wait. Default: 5m")
  private Duration wait = Duration.ofMinutes(5);

  @Spec private @Nullable CommandSpec spec;

  enum Profile {
    PRIMARY,
    REMOTE,
    EASTWEST
  }

  enum Size {
    S,
    M,
    L
  }

  @Override
  public Integer call() throws IOException, InstallException {
    Chart chart = Chart.packaged();
    ObjectNode settings = chart.settings(options());
    List<Chart.Document> documents = chart.render(settings, namespace);
    boolean gatewayAlone = settings.path("profile").asText().equals("eastwest");
    List<Chart.Document> definitions =
        skipDefinitions || gatewayAlone ? List.of() : chart.definitions();
    PrintWriter out = Terminal.out(spec);
    if (print) {
      definitions.forEach(d -> out.print(d.text() + "\n---\n"));
      documents.forEach(d -> out.print(d.text() + "\n---\n"));
      out.flush();
      return Exit.OK;
    }
    try (KubernetesClient client = new KubernetesClientBuilder().withConfig(config()).build()) {
      Installer installer = new Installer(client, out, force);
      installer.apply(definitions, documents, SERVED);
      if (!wait.isZero()) {
        installer.await(documents, wait);
      }
    }
    out.println();
    out.println(chart.notes(settings, namespace));
    out.flush();
    return Exit.OK;
  }

  private List<String> options() {
    List<String> options = new ArrayList<>();
    options.add("namespace.create=true");
    boolean remote = set.stream().anyMatch(s -> s.contains(ADDRESS) && !s.endsWith(ADDRESS));
    if (profile != null) {
      options.add("profile=" + lower(profile));
    } else if (remote) {
      options.add("profile=remote");
    }
    if (size != null) {
      options.add("size=" + lower(size));
    }
    options.addAll(set);
    return options;
  }

  private static String lower(Enum<?> choice) {
    return choice.name().toLowerCase(Locale.ROOT);
  }

  private Config config() throws IOException {
    Config config = chosen();
    // Someone is waiting: two more tries, not the minutes of a controller.
    config.setRequestRetryBackoffLimit(2);
    return config;
  }

  private Config chosen() throws IOException {
    if (kubeconfig == null) {
      return Config.autoConfigure(context);
    }
    if (!Files.isReadable(kubeconfig)) {
      throw new IOException(
          kubeconfig + ": is not a file that can be read (expected a kubeconfig)");
    }
    return context == null
        ? Config.fromKubeconfig(kubeconfig.toFile())
        : Config.fromKubeconfig(context, kubeconfig.toFile());
  }
}
