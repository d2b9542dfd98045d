package io.portolan.registry.source.kubernetes.membership;

import java.time.Instant;

/** Kubeconfigs for tests. */
final class Kubeconfigs {
  private Kubeconfigs() {}

  static String token(String server, String token) {
    return """
        apiVersion: v1
        kind: Config
        clusters:
        - name: c
          cluster:
            server: %s
        users:
        - name: u
          user:
            token: %s
        contexts:
        - name: x
          context: {cluster: c, user: u}
        current-context: x
        """
        .formatted(server, token);
  }

  static Claim claim(String cluster, String source, int created, String token) {
    return new Claim(
        cluster,
        source,
        Instant.ofEpochSecond(created),
        false,
        KubeconfigParser.parse(token("https://10.0.0.1:6443", token), KubeconfigRules.SECRET));
  }

  static Claim refused(String cluster, String source, int created) {
    return new Claim(
        cluster,
        source,
        Instant.ofEpochSecond(created),
        false,
        KubeconfigParser.parse("nothing", KubeconfigRules.SECRET));
  }
}
