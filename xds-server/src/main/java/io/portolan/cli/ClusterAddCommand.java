package io.portolan.cli;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.portolan.registry.source.kubernetes.membership.ClientFailures;
import io.portolan.registry.source.kubernetes.membership.Kubeconfig;
import io.portolan.registry.source.kubernetes.membership.KubeconfigParser;
import io.portolan.registry.source.kubernetes.membership.KubeconfigRules;
import io.portolan.registry.source.kubernetes.membership.ReaderAccount;
import io.portolan.registry.source.kubernetes.membership.ReaderRole;
import io.portolan.registry.source.kubernetes.membership.RemoteSecrets;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "add",
    description = {
      "Makes a cluster a member, or gives a member a new credential.",
      "",
      "With your rights in the remote cluster it makes the service account portolan-reader, which may"
          + " list and watch what a mesh is made of and ask whose a token is; no Secret, no write."
          + " Its kubeconfig goes into a Secret of the config cluster, or to standard output.",
      "",
      "The token lasts until its Secret (portolan-reader-token) is deleted, since nothing renews a"
          + " token in a kubeconfig. --rotate makes a new one; the old one stays valid until you delete"
          + " its Secret. --token-lifetime asks for a token that ends instead; run this command again"
          + " before that day."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ClusterAddCommand implements Callable<Integer> {
  @Parameters(paramLabel = "CLUSTER", description = "Cluster id.")
  private String cluster = "";

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      required = true,
      description = "Kubeconfig of the remote cluster with an administrator's rights.")
  private @Nullable Path kubeconfig;

  @Option(
      names = "--context",
      paramLabel = "NAME",
      defaultValue = "",
      description = "Context in that kubeconfig. Default: its current one.")
  private String context = "";

  @Option(
      names = "--server",
      paramLabel = "URL",
      description = "Address of the API server as the control plane reaches it. Default: the same.")
  private @Nullable URI server;

  @Option(
      names = "--istio-kinds",
      description = "Also let it read Istio's kinds, for a config cluster.")
  private boolean istioKinds;

  @Option(
      names = "--token-lifetime",
      paramLabel = "TIME",
      converter = Spans.class,
      description = "Ask for a token that ends, such as 90d. Default: one without an end.")
  private @Nullable Duration lifetime;

  @Option(names = "--rotate", description = "Make a new token without an end beside the old ones.")
  private boolean rotate;

  @Option(
      names = "--print",
      description = "Print the Secret as YAML and write nothing to the config cluster.")
  private boolean print;

  @Option(names = "--output", defaultValue = "text", description = "text or json. Default: text")
  private OutputFormat output = OutputFormat.TEXT;

  @Mixin private ConfigClusterOptions config = new ConfigClusterOptions();

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    checkName();
    Kubeconfig admin = ConfigClusterOptions.read(kubeconfig, context, false);
    if (!print) {
      mayWrite();
    }
    String text;
    List<String> others;
    String tokenSecret = ReaderAccount.tokenSecret(rotate, Instant.now());
    try (KubernetesClient remote = ConfigClusterOptions.clients().open(admin)) {
      ReaderAccount account = new ReaderAccount(remote, config.rootNamespace());
      account.ensure(istioKinds);
      String token = account.token(lifetime, tokenSecret);
      text = ReaderAccount.kubeconfig(cluster, target(admin), token);
      others = account.otherTokens(lifetime == null ? tokenSecret : "");
    } catch (KubernetesClientException e) {
      throw new IOException(
          "remote cluster " + admin.server() + ": " + ClientFailures.reason(e), e);
    } catch (IOException e) {
      throw new IOException("remote cluster " + admin.server() + ": " + e.getMessage(), e);
    }
    if (KubeconfigParser.parse(text, KubeconfigRules.SECRET)
        instanceof KubeconfigParser.Refused refused) {
      throw new IOException(
          "the control plane would refuse this kubeconfig:\n  "
              + String.join("\n  ", refused.reasons()));
    }
    Secret secret = RemoteSecrets.secret(config.rootNamespace(), cluster, text);
    PrintWriter out = Terminal.out(spec);
    if (print) {
      out.print(
          output == OutputFormat.JSON
              ? Serialization.asJson(secret) + "\n"
              : Serialization.asYaml(secret));
      out.flush();
      return Exit.OK;
    }
    write(secret);
    say(out, tokenSecret, others);
    return Exit.OK;
  }

  /** Asked first: nothing is made in the remote cluster whose Secret could not be written. */
  private void mayWrite() throws IOException {
    try (KubernetesClient client = config.client()) {
      Secret before;
      try {
        before =
            client
                .secrets()
                .inNamespace(config.rootNamespace())
                .withName(RemoteSecrets.name(cluster))
                .get();
      } catch (KubernetesClientException e) {
        throw config.failure(client, e);
      }
      if (before != null) {
        mayReplace(before);
      }
    }
  }

  private void write(Secret secret) throws IOException {
    try (KubernetesClient client = config.client()) {
      try {
        var stored = client.resource(secret);
        if (stored.get() == null) {
          stored.create();
        } else {
          stored.forceConflicts().fieldManager("portolan").serverSideApply();
        }
      } catch (KubernetesClientException e) {
        throw config.failure(client, e);
      }
    }
  }

  private static void mayReplace(Secret before) throws IOException {
    Map<String, String> labels = before.getMetadata().getLabels();
    if (labels == null || !"true".equals(labels.get(RemoteSecrets.LABEL))) {
      throw new IOException(
          "secret "
              + before.getMetadata().getNamespace()
              + "/"
              + before.getMetadata().getName()
              + " exists and is no remote secret (remedy: delete it, or choose another cluster id)");
    }
  }

  private void say(PrintWriter out, String tokenSecret, List<String> others) {
    String name = RemoteSecrets.name(cluster);
    String token = lifetime == null ? "no end" : lifetime.toString();
    if (output == OutputFormat.JSON) {
      Map<String, Object> made = new LinkedHashMap<>();
      made.put("cluster", cluster);
      made.put("secret", config.rootNamespace() + "/" + name);
      made.put("account", config.rootNamespace() + "/" + ReaderRole.NAME);
      made.put("tokenLifetime", token);
      made.put("otherTokens", others);
      out.println(Serialization.asJson(made));
      return;
    }
    out.println(
        "remote cluster: service account " + config.rootNamespace() + "/" + ReaderRole.NAME);
    out.println(
        lifetime == null
            ? "token: without an end; deleting secret " + tokenSecret + " there revokes it"
            : "token: ends after " + lifetime.toHours() + " h; run this again before that");
    if (!others.isEmpty()) {
      out.println(
          "still valid there: "
              + String.join(", ", others)
              + "; once the control plane uses the new one: kubectl -n "
              + config.rootNamespace()
              + " delete secret "
              + String.join(" ", others));
    }
    out.println("config cluster: secret " + config.rootNamespace() + "/" + name);
    out.println("next: portolan cluster check " + cluster);
  }

  private Kubeconfig target(Kubeconfig admin) {
    URI other = server;
    return other == null
        ? admin
        : new Kubeconfig(
            admin.context(),
            admin.cluster(),
            other,
            admin.caPem(),
            admin.tlsServerName(),
            admin.insecureSkipTlsVerify(),
            admin.auth(),
            admin.namespace(),
            "");
  }

  /** A cluster id is part of an object name (RFC 1123). */
  private void checkName() {
    boolean good =
        !cluster.isEmpty()
            && cluster.length() <= 63
            && cluster
                .chars()
                .allMatch(c -> (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')
            && !cluster.startsWith("-")
            && !cluster.endsWith("-");
    CommandSpec known = spec;
    if (!good && known != null) {
      throw new ParameterException(
          known.commandLine(),
          "cluster id '" + cluster + "' (expected lower-case letters, digits and '-')");
    }
  }
}
