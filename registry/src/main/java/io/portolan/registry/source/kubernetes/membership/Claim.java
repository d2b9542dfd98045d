package io.portolan.registry.source.kubernetes.membership;

import java.time.Instant;

/**
 * Somebody says that a cluster is a member, and how to reach it.
 *
 * @param cluster cluster id
 * @param source who says so: {@code secret istio-system/istio-remote-secret-east}, {@code file
 *     /etc/portolan/clusters/east.yaml}; unique among the claims of one cluster
 * @param created when the claim was made; of two claims of one cluster the older one counts
 * @param own the API server of the cluster this process belongs to; nobody else may claim its id
 * @param content the kubeconfig, or why it is refused
 */
public record Claim(
    String cluster, String source, Instant created, boolean own, KubeconfigParser.Parsed content) {

  boolean usable() {
    return content instanceof KubeconfigParser.Usable;
  }

  /** Of the kubeconfig, empty when it is refused. */
  String fingerprint() {
    return switch (content) {
      case KubeconfigParser.Usable usable -> usable.config().fingerprint();
      case KubeconfigParser.Refused refused -> "";
    };
  }
}
