package io.portolan.cli;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.portolan.registry.source.kubernetes.membership.ClientFailures;
import io.portolan.registry.source.kubernetes.membership.Kubeconfig;
import io.portolan.registry.source.kubernetes.membership.ReaderAccount;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "remove",
    description = {
      "Takes a cluster out of the federation: its traffic is drained, then it is forgotten.",
      "",
      "Removes its kubeconfig from every remote secret; a Secret that holds nothing else is deleted."
          + " The account in the remote cluster stays, unless --kubeconfig gives the right to take it"
          + " away: then role, binding, service account and its tokens go too.",
      "",
      "Exit code 1 when there was nothing to remove."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ClusterRemoveCommand implements Callable<Integer> {
  @Parameters(paramLabel = "CLUSTER", description = "Cluster id.")
  private String cluster = "";

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description =
          "Kubeconfig of the remote cluster with an administrator's rights: also removes the account"
              + " portolan-reader there.")
  private @Nullable Path kubeconfig;

  @Option(
      names = "--context",
      paramLabel = "NAME",
      defaultValue = "",
      description = "Context in that kubeconfig. Default: its current one.")
  private String context = "";

  @Option(names = "--output", defaultValue = "text", description = "text or json. Default: text")
  private OutputFormat output = OutputFormat.TEXT;

  @Mixin private ConfigClusterOptions config = new ConfigClusterOptions();

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    // Read before anything is removed: a wrong file must not leave half of the work.
    Kubeconfig remote =
        kubeconfig == null ? null : ConfigClusterOptions.read(kubeconfig, context, false);
    List<String> changed = new ArrayList<>();
    removeSecrets(changed);
    if (remote != null) {
      removeAccount(remote, changed);
    }
    say(changed);
    return changed.isEmpty() ? Exit.FAILED : Exit.OK;
  }

  private void removeAccount(Kubeconfig remote, List<String> changed) throws IOException {
    try (KubernetesClient client = ConfigClusterOptions.clients().open(remote)) {
      new ReaderAccount(client, config.rootNamespace())
          .remove()
          .forEach(gone -> changed.add("remote cluster: " + gone + " deleted"));
    } catch (IOException | KubernetesClientException e) {
      String reason =
          e instanceof KubernetesClientException ? ClientFailures.reason(e) : e.getMessage();
      throw new IOException(
          "the account in the remote cluster stays: "
              + reason
              + (changed.isEmpty() ? "" : " (done before: " + String.join(", ", changed) + ")"),
          e);
    }
  }

  private void removeSecrets(List<String> changed) throws IOException {
    try (KubernetesClient client = config.client()) {
      for (Secret secret : config.secrets(client)) {
        Map<String, String> data = secret.getData();
        if (data != null && data.containsKey(cluster)) {
          try {
            changed.add("config cluster: " + remove(client, secret, data));
          } catch (KubernetesClientException e) {
            throw config.failure(client, e);
          }
        }
      }
    }
  }

  private String remove(KubernetesClient client, Secret secret, Map<String, String> data) {
    String name = config.rootNamespace() + "/" + secret.getMetadata().getName();
    if (data.size() == 1) {
      var _ = client.resource(secret).delete();
      return "secret " + name + " deleted";
    }
    Map<String, String> rest = new LinkedHashMap<>(data);
    rest.remove(cluster);
    secret.setData(rest);
    client.resource(secret).update();
    return "key " + cluster + " removed from secret " + name;
  }

  private void say(List<String> changed) {
    PrintWriter out = Terminal.out(spec);
    if (output == OutputFormat.JSON) {
      Map<String, Object> done = new LinkedHashMap<>();
      done.put("cluster", cluster);
      done.put("changed", changed);
      out.println(Serialization.asJson(done));
    } else if (changed.isEmpty()) {
      Terminal.err(spec)
          .println(
              "portolan: no remote secret in namespace "
                  + config.rootNamespace()
                  + " names cluster "
                  + cluster
                  + " (remedy: 'portolan cluster list' shows those there are)");
    } else {
      changed.forEach(out::println);
    }
  }
}
