package io.portolan.cli;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.portolan.registry.source.kubernetes.membership.Claim;
import io.portolan.registry.source.kubernetes.membership.ClientFailures;
import io.portolan.registry.source.kubernetes.membership.ClientSettings;
import io.portolan.registry.source.kubernetes.membership.Kubeconfig;
import io.portolan.registry.source.kubernetes.membership.KubeconfigParser;
import io.portolan.registry.source.kubernetes.membership.KubeconfigRules;
import io.portolan.registry.source.kubernetes.membership.KubernetesClients;
import io.portolan.registry.source.kubernetes.membership.RemoteSecrets;
import io.portolan.server.Version;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the config cluster is, and how kubeconfigs of people are read. */
final class ConfigClusterOptions {
  @Option(
      names = "--config-kubeconfig",
      paramLabel = "FILE",
      defaultValue = "${env:PORTOLAN_CONFIG_KUBECONFIG:-${env:KUBECONFIG}}",
      description = {
        "Kubeconfig of the config cluster: the one whose Secrets name the members. Default:"
            + " KUBECONFIG, else ~/.kube/config. Environment: PORTOLAN_CONFIG_KUBECONFIG"
      })
  private @Nullable Path kubeconfig;

  @Option(
      names = "--config-context",
      paramLabel = "NAME",
      defaultValue = "",
      description = "Context in that kubeconfig. Default: its current one.")
  private String context = "";

  @Option(
      names = "--root-namespace",
      paramLabel = "NAME",
      defaultValue = "${env:PORTOLAN_ROOT_NAMESPACE:-istio-system}",
      description =
          "Root namespace, here and in remote clusters. Default: istio-system."
              + " Environment: PORTOLAN_ROOT_NAMESPACE")
  private String rootNamespace = "istio-system";

  String rootNamespace() {
    return rootNamespace;
  }

  static KubernetesClients clients() {
    return new KubernetesClients(ClientSettings.of(Version.current()), InstantSource.system());
  }

  /** Why the config cluster did not do what it was asked. */
  IOException failure(KubernetesClient client, KubernetesClientException e) {
    String remedy =
        e.getCode() == HttpURLConnection.HTTP_NOT_FOUND
            ? "kubectl create namespace " + rootNamespace + ", or --root-namespace"
            : "--config-kubeconfig and --config-context name the config cluster";
    return new IOException(
        "config cluster "
            + client.getMasterUrl()
            + ": "
            + ClientFailures.reason(e)
            + " (remedy: "
            + remedy
            + ")",
        e);
  }

  KubernetesClient client() throws IOException {
    return clients().open(read(kubeconfig, context, false));
  }

  /**
   * Reads a kubeconfig of the person at the keyboard.
   *
   * @throws IOException with every reason why it cannot be used
   */
  static Kubeconfig read(@Nullable Path given, String context, boolean insecure)
      throws IOException {
    Path file =
        given == null || given.toString().isEmpty()
            ? Path.of(System.getProperty("user.home", "."), ".kube", "config")
            : given;
    if (!Files.isReadable(file)) {
      throw new IOException(
          file + ": there is no such kubeconfig (remedy: name one with --kubeconfig)");
    }
    KubeconfigRules rules = KubeconfigRules.file(file).allowInsecure(insecure);
    return switch (KubeconfigParser.parse(Files.readString(file), rules, context)) {
      case KubeconfigParser.Usable usable -> usable.config();
      case KubeconfigParser.Refused refused ->
          throw new IOException(
              file
                  + " cannot be used:\n  "
                  + String.join("\n  ", refused.reasons())
                  + hint(refused.reasons()));
    };
  }

  /** A person's kubeconfig often runs a login program; a token made by hand does without. */
  private static String hint(List<String> reasons) {
    return reasons.stream().anyMatch(r -> r.contains("runs no programs"))
        ? "\n  make an administrator's kubeconfig with a token of its own:\n"
            + "    kubectl -n kube-system create serviceaccount portolan-setup\n"
            + "    kubectl create clusterrolebinding portolan-setup --clusterrole=cluster-admin"
            + " --serviceaccount=kube-system:portolan-setup\n"
            + "    kubectl -n kube-system create token portolan-setup\n"
            + "  and put that token into a copy of the file, in place of exec"
        : "";
  }

  /**
   * The remote secrets.
   *
   * @throws IOException when they cannot be read, with the reason
   */
  List<Secret> secrets(KubernetesClient client) throws IOException {
    try {
      return client
          .secrets()
          .inNamespace(rootNamespace())
          .withLabel(RemoteSecrets.LABEL, "true")
          .list()
          .getItems();
    } catch (KubernetesClientException e) {
      throw failure(client, e);
    }
  }

  /**
   * What the remote secrets of the config cluster claim.
   *
   * @throws IOException when they cannot be read, with the reason
   */
  List<Claim> claims() throws IOException {
    try (KubernetesClient client = client()) {
      List<Secret> secrets = secrets(client);
      return RemoteSecrets.claims(secrets);
    }
  }
}
