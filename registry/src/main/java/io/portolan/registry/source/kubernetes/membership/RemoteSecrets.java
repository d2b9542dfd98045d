package io.portolan.registry.source.kubernetes.membership;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remote secrets in the form of {@code istioctl create-remote-secret}: Secrets of the root
 * namespace with a label; every data key is a cluster id, every value a kubeconfig. Only Secrets
 * with that label are asked for.
 */
public final class RemoteSecrets implements AutoCloseable {
  /** The label that makes a Secret a remote secret. */
  public static final String LABEL = "istio/multiCluster";

  /** Names the cluster of a Secret, for people and tools. */
  public static final String CLUSTER_ANNOTATION = "networking.istio.io/cluster";

  private static final String NAME_PREFIX = "istio-remote-secret-";
  private static final Logger LOG = LoggerFactory.getLogger(RemoteSecrets.class);

  private final SharedIndexInformer<Secret> informer;
  private final String namespace;
  private final Membership membership;

  /**
   * @param client of the config cluster; stays open when this is closed
   * @param namespace root namespace
   */
  public RemoteSecrets(KubernetesClient client, String namespace, Membership membership) {
    this.namespace = namespace;
    this.membership = membership;
    this.informer =
        client.secrets().inNamespace(namespace).withLabel(LABEL, "true").runnableInformer(0);
    informer.exceptionHandler(
        (started, failure) -> {
          LOG.warn(
              "remote secrets cannot be read, members stay namespace={} reason=\"{}\"",
              namespace,
              failure.getMessage());
          return true;
        });
    informer.addEventHandler(
        new ResourceEventHandler<Secret>() {
          @Override
          public void onAdd(Secret secret) {
            changed();
          }

          @Override
          public void onUpdate(Secret before, Secret secret) {
            changed();
          }

          @Override
          public void onDelete(Secret secret, boolean unknownFinalState) {
            changed();
          }
        });
  }

  /** Name of this source of claims. */
  public static String source(String namespace) {
    return "secrets " + namespace;
  }

  /** Starts to list and watch; returns at once and goes on trying. */
  public void start() {
    var _ = informer.start().thenRun(this::changed);
  }

  private void changed() {
    // During the first list the store is incomplete, and half of it must not look like removals.
    if (informer.hasSynced()) {
      membership.claims(source(namespace), claims(informer.getStore().list()));
    }
  }

  /** What Secrets claim. */
  public static List<Claim> claims(Collection<Secret> secrets) {
    List<Claim> claims = new ArrayList<>();
    secrets.stream()
        .sorted(Comparator.comparing(s -> s.getMetadata().getName()))
        .forEach(secret -> claims(secret, claims));
    return claims;
  }

  private static void claims(Secret secret, List<Claim> claims) {
    var metadata = secret.getMetadata();
    String source = "secret " + metadata.getNamespace() + "/" + metadata.getName();
    Instant created = created(metadata.getCreationTimestamp());
    if (secret.getData() == null) {
      return;
    }
    new TreeMap<>(secret.getData())
        .forEach(
            (cluster, value) ->
                claims.add(new Claim(cluster, source, created, false, read(value))));
  }

  private static KubeconfigParser.Parsed read(String value) {
    try {
      byte[] text = Base64.getDecoder().decode(value);
      return KubeconfigParser.parse(
          new String(text, StandardCharsets.UTF_8), KubeconfigRules.SECRET);
    } catch (IllegalArgumentException e) {
      return new KubeconfigParser.Refused(List.of("is not base64"));
    }
  }

  private static Instant created(String timestamp) {
    try {
      return timestamp == null ? Instant.MAX : Instant.parse(timestamp);
    } catch (DateTimeException e) {
      return Instant.MAX;
    }
  }

  /** Name of the Secret of a cluster. */
  public static String name(String cluster) {
    return NAME_PREFIX + cluster;
  }

  /** A remote secret. */
  public static Secret secret(String namespace, String cluster, String kubeconfig) {
    String data = Base64.getEncoder().encodeToString(kubeconfig.getBytes(StandardCharsets.UTF_8));
    return new SecretBuilder()
        .withNewMetadata()
        .withName(name(cluster))
        .withNamespace(namespace)
        .addToAnnotations(CLUSTER_ANNOTATION, cluster)
        .addToLabels(LABEL, "true")
        .endMetadata()
        .withType("Opaque")
        .withData(Map.of(cluster, data))
        .build();
  }

  @Override
  public void close() {
    informer.close();
  }
}
