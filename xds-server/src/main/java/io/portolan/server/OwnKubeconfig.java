package io.portolan.server;

import io.portolan.registry.source.kubernetes.membership.InCluster;
import io.portolan.registry.source.kubernetes.membership.KubeconfigParser;
import io.portolan.registry.source.kubernetes.membership.KubeconfigRules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** How the own cluster's API server is reached: read anew each time. */
final class OwnKubeconfig {
  private OwnKubeconfig() {}

  static KubeconfigParser.Parsed read(KubernetesSettings settings) {
    Path file = settings.kubeconfig();
    if (file == null) {
      Map<String, String> environment = System.getenv();
      return InCluster.read(
          InCluster.FOLDER,
          environment.getOrDefault("KUBERNETES_SERVICE_HOST", ""),
          environment.getOrDefault("KUBERNETES_SERVICE_PORT", ""));
    }
    try {
      return KubeconfigParser.parse(Files.readString(file), KubeconfigRules.file(file));
    } catch (IOException e) {
      return new KubeconfigParser.Refused(List.of(file + ": cannot be read: " + e.getMessage()));
    }
  }
}
