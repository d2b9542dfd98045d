package io.portolan.registry.source.kubernetes.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RemoteSecretsTest {
  private static final String EAST = Kubeconfigs.token("https://10.0.0.1:6443", "one");
  private static final String WEST = Kubeconfigs.token("https://10.0.0.2:6443", "two");

  /** The form that create-remote-secret writes, as the API server returns it. */
  @Test
  void severalKubeconfigsInOneSecret() {
    Secret secret =
        Serialization.unmarshal(
            """
            apiVersion: v1
            kind: Secret
            metadata:
              name: istio-remote-secret-east
              namespace: istio-system
              creationTimestamp: "2026-01-02T03:04:05Z"
              annotations: {networking.istio.io/cluster: east}
              labels: {istio/multiCluster: "true"}
            data:
              west: %s
              east: %s
              bad: bm90aGluZw==
            """
                .formatted(encode(WEST), encode(EAST)),
            Secret.class);
    List<Claim> claims = RemoteSecrets.claims(List.of(secret));
    assertEquals(List.of("bad", "east", "west"), claims.stream().map(Claim::cluster).toList());
    assertTrue(!claims.get(0).usable());
    assertEquals(Instant.parse("2026-01-02T03:04:05Z"), claims.get(1).created());
    assertEquals("secret istio-system/istio-remote-secret-east", claims.get(1).source());
    assertEquals(URI.create("https://10.0.0.2:6443"), config(claims.get(2)).server());
  }

  @Test
  void whatAddWritesIsReadAsItIs() {
    Kubeconfig admin = config(new Claim("x", "s", Instant.EPOCH, false, parse(EAST)));
    String text = ReaderAccount.kubeconfig("east", admin, "reader-token");
    Secret secret = RemoteSecrets.secret("istio-system", "east", text);
    assertEquals("istio-remote-secret-east", secret.getMetadata().getName());
    assertEquals(Map.of(RemoteSecrets.LABEL, "true"), secret.getMetadata().getLabels());
    assertEquals(
        Map.of(RemoteSecrets.CLUSTER_ANNOTATION, "east"), secret.getMetadata().getAnnotations());
    Claim claim = RemoteSecrets.claims(List.of(secret)).getFirst();
    assertEquals("east", claim.cluster());
    assertEquals(new Kubeconfig.Token("reader-token"), config(claim).auth());
    assertEquals(admin.server(), config(claim).server());
  }

  private static KubeconfigParser.Parsed parse(String text) {
    return KubeconfigParser.parse(text, KubeconfigRules.SECRET);
  }

  private static Kubeconfig config(Claim claim) {
    return assertInstanceOf(KubeconfigParser.Usable.class, claim.content()).config();
  }

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
