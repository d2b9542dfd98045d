package io.portolan.registry.source.kubernetes.membership;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.StatusDetails;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Deletable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Makes the account that a control plane reads a remote cluster with. Running it again changes
 * nothing but the token of a lifetime.
 */
public final class ReaderAccount {
  private static final String MANAGER = "portolan";
  private static final String TOKEN_SECRET = ReaderRole.NAME + "-token";
  private static final String TOKEN_OF = "kubernetes.io/service-account.name";
  private static final long TOKEN_WAIT_SECONDS = 15;

  private final KubernetesClient client;
  private final String namespace;

  /**
   * @param client of the remote cluster, with the rights of its administrator; stays open
   * @param namespace of the account, made when it does not exist
   */
  public ReaderAccount(KubernetesClient client, String namespace) {
    this.client = client;
    this.namespace = namespace;
  }

  /**
   * Makes or updates namespace, account, role and binding.
   *
   * @throws IOException naming the object that was refused
   */
  public void ensure(boolean istioKinds) throws IOException {
    if (step("namespace " + namespace, () -> client.namespaces().withName(namespace).get())
        == null) {
      step(
          "namespace " + namespace,
          () ->
              client
                  .resource(
                      new NamespaceBuilder()
                          .withNewMetadata()
                          .withName(namespace)
                          .endMetadata()
                          .build())
                  .create());
    }
    apply(
        "service account " + namespace + "/" + ReaderRole.NAME,
        new ServiceAccountBuilder()
            .withNewMetadata()
            .withName(ReaderRole.NAME)
            .withNamespace(namespace)
            .endMetadata()
            .build());
    apply("cluster role " + ReaderRole.NAME, ReaderRole.role(istioKinds));
    apply(
        "cluster role binding " + ReaderRole.NAME,
        new ClusterRoleBindingBuilder()
            .withNewMetadata()
            .withName(ReaderRole.NAME)
            .endMetadata()
            .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", ReaderRole.NAME)
            .addNewSubject("", "ServiceAccount", ReaderRole.NAME, namespace)
            .build());
  }

  private void apply(String what, io.fabric8.kubernetes.api.model.HasMetadata object)
      throws IOException {
    step(
        what,
        () -> client.resource(object).fieldManager(MANAGER).forceConflicts().serverSideApply());
  }

  /**
   * A token of the account.
   *
   * @param secret name of the Secret for a token without an end, from {@link #tokenSecret}
   * @param lifetime null for one that lasts until its Secret is deleted: nothing renews a token in
   *     a kubeconfig, so one that ends takes its cluster away. A lifetime makes a token by
   *     TokenRequest, for those who run 'cluster add' again in time.
   * @throws IOException when none is given
   */
  public String token(@Nullable Duration lifetime, String secret) throws IOException {
    return lifetime == null ? lasting(secret) : ending(lifetime);
  }

  /**
   * The Secret that holds, or is going to hold, the token without an end.
   *
   * @param rotate a new one beside the old ones, which stay valid until they are deleted
   */
  public static String tokenSecret(boolean rotate, Instant now) {
    return rotate ? TOKEN_SECRET + "-" + now.getEpochSecond() : TOKEN_SECRET;
  }

  /**
   * Names of the token Secrets of the account, but for one.
   *
   * @throws IOException when they cannot be listed
   */
  public List<String> otherTokens(String current) throws IOException {
    List<Secret> all =
        step(
            "secrets of " + namespace,
            () ->
                client
                    .secrets()
                    .inNamespace(namespace)
                    .withField("type", "kubernetes.io/service-account-token")
                    .list()
                    .getItems());
    return all == null
        ? List.of()
        : all.stream()
            .map(Secret::getMetadata)
            .filter(
                m ->
                    m.getAnnotations() != null
                        && ReaderRole.NAME.equals(m.getAnnotations().get(TOKEN_OF)))
            .map(ObjectMeta::getName)
            .filter(name -> !name.equals(current))
            .sorted()
            .toList();
  }

  /**
   * Takes binding, role, tokens and account away. The namespace stays, and what is not there is
   * passed over.
   *
   * @return what was there
   * @throws IOException naming the object that was refused
   */
  public List<String> remove() throws IOException {
    List<String> gone = new ArrayList<>();
    delete(
        "cluster role binding " + ReaderRole.NAME,
        client.rbac().clusterRoleBindings().withName(ReaderRole.NAME),
        gone);
    delete(
        "cluster role " + ReaderRole.NAME,
        client.rbac().clusterRoles().withName(ReaderRole.NAME),
        gone);
    for (String secret : otherTokens("")) {
      delete(
          "secret " + namespace + "/" + secret,
          client.secrets().inNamespace(namespace).withName(secret),
          gone);
    }
    delete(
        "service account " + namespace + "/" + ReaderRole.NAME,
        client.serviceAccounts().inNamespace(namespace).withName(ReaderRole.NAME),
        gone);
    return gone;
  }

  private static void delete(String what, Deletable object, List<String> gone) throws IOException {
    List<StatusDetails> deleted = step(what, object::delete);
    if (deleted != null && !deleted.isEmpty()) {
      gone.add(what);
    }
  }

  private String ending(Duration lifetime) throws IOException {
    TokenRequest request =
        new TokenRequestBuilder()
            .withNewSpec()
            .withExpirationSeconds(lifetime.toSeconds())
            .endSpec()
            .build();
    TokenRequest answer =
        step(
            "token of " + namespace + "/" + ReaderRole.NAME,
            () ->
                client
                    .serviceAccounts()
                    .inNamespace(namespace)
                    .withName(ReaderRole.NAME)
                    .tokenRequest(request));
    if (answer == null || answer.getStatus() == null) {
      throw new IOException("the API server gave no token for " + ReaderRole.NAME);
    }
    return answer.getStatus().getToken();
  }

  private String lasting(String secret) throws IOException {
    apply(
        "secret " + namespace + "/" + secret,
        new SecretBuilder()
            .withNewMetadata()
            .withName(secret)
            .withNamespace(namespace)
            .addToAnnotations(TOKEN_OF, ReaderRole.NAME)
            .endMetadata()
            .withType("kubernetes.io/service-account-token")
            .build());
    try {
      Secret filled =
          client
              .secrets()
              .inNamespace(namespace)
              .withName(secret)
              .waitUntilCondition(
                  s -> s != null && s.getData() != null && s.getData().containsKey("token"),
                  TOKEN_WAIT_SECONDS,
                  TimeUnit.SECONDS);
      return new String(
          Base64.getDecoder().decode(filled.getData().get("token")), StandardCharsets.US_ASCII);
    } catch (KubernetesClientException e) {
      throw new IOException(
          "secret "
              + namespace
              + "/"
              + secret
              + " was not filled with a token in "
              + TOKEN_WAIT_SECONDS
              + " s: no token controller runs in that cluster (remedy: --token-lifetime asks for a"
              + " token by TokenRequest)",
          e);
    }
  }

  /** One request. */
  private interface Step<T> {
    @Nullable T run();
  }

  private static <T> @Nullable T step(String what, Step<T> step) throws IOException {
    try {
      return step.run();
    } catch (KubernetesClientException e) {
      throw new IOException(what + ": " + ClientFailures.reason(e), e);
    }
  }

  /**
   * The kubeconfig that a control plane gets.
   *
   * @param config with the server that is meant
   */
  public static String kubeconfig(String cluster, Kubeconfig config, String token) {
    StringBuilder text = new StringBuilder();
    text.append("apiVersion: v1\nkind: Config\nclusters:\n- name: ").append(quoted(cluster));
    text.append("\n  cluster:\n    server: ").append(quoted(config.server().toString()));
    if (!config.caPem().isEmpty()) {
      text.append("\n    certificate-authority-data: ")
          .append(
              Base64.getEncoder()
                  .encodeToString(config.caPem().getBytes(StandardCharsets.US_ASCII)));
    }
    if (!config.tlsServerName().isEmpty()) {
      text.append("\n    tls-server-name: ").append(quoted(config.tlsServerName()));
    }
    text.append("\nusers:\n- name: ").append(quoted(cluster));
    text.append("\n  user:\n    token: ").append(token);
    text.append("\ncontexts:\n- name: ").append(quoted(cluster));
    text.append("\n  context:\n    cluster: ").append(quoted(cluster));
    text.append("\n    user: ").append(quoted(cluster));
    return text.append("\ncurrent-context: ").append(quoted(cluster)).append('\n').toString();
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }
}
