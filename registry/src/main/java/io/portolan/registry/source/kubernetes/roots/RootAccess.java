package io.portolan.registry.source.kubernetes.roots;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.portolan.registry.source.kubernetes.leader.BoundedRequests;
import io.portolan.registry.source.kubernetes.membership.ClientFailures;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The requests of a publisher. */
final class RootAccess {
  private final KubernetesClient client;
  private final String name;

  /** A write that was refused, and what that means. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;
    private final Meaning meaning;

    /** Kinds of refusal. */
    enum Meaning {
      /** What was read before is old, or the namespace is on its way out: news will come. */
      OUTDATED,
      /** The credential may not do it. */
      FORBIDDEN,
      /** This object is refused; others may not be. */
      REFUSED
    }

    RefusedException(Meaning meaning, String message, Throwable cause) {
      super(message, cause);
      this.meaning = meaning;
    }

    Meaning meaning() {
      return meaning;
    }
  }

  /**
   * One thing a publisher has to be allowed.
   *
   * @param named whether for the ConfigMap's name only
   */
  private record Right(String verb, boolean named) {}

  private static final List<Right> RIGHTS =
      List.of(
          new Right("create", false),
          new Right("list", true),
          new Right("watch", true),
          new Right("patch", true));

  /**
   * @param client stays open
   * @param name of the ConfigMap
   */
  RootAccess(KubernetesClient client, String name) {
    this.client = client;
    this.name = name;
  }

  /**
   * What the credential lacks, for people; empty when it may do everything.
   *
   * @throws IOException when the API server does not say
   */
  String lacking() throws IOException {
    for (Right right : RIGHTS) {
      SelfSubjectAccessReview review =
          new SelfSubjectAccessReviewBuilder()
              .withNewSpec()
              .withNewResourceAttributes()
              .withResource("configmaps")
              .withVerb(right.verb())
              .withName(right.named() ? name : null)
              .endResourceAttributes()
              .endSpec()
              .build();
      try {
        SelfSubjectAccessReview answer =
            BoundedRequests.ask(
                client, c -> c.authorization().v1().selfSubjectAccessReview().create(review));
        if (answer.getStatus() == null || !Boolean.TRUE.equals(answer.getStatus().getAllowed())) {
          return right.verb() + " configmaps" + (right.named() ? " named " + name : "");
        }
      } catch (KubernetesClientException e) {
        throw new IOException(ClientFailures.reason(e), e);
      }
    }
    return "";
  }

  /**
   * Writes.
   *
   * @throws RefusedException when the API server says no
   * @throws IOException when it does not answer; the write may have happened
   */
  void write(RootPlan.Write write, RootPlan.Wanted wanted) throws IOException {
    Map<String, String> annotations = RootCopy.annotations(wanted.own(), wanted.epoch());
    ConfigMap map =
        new ConfigMapBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace(write.namespace())
            .withLabels(RootCopy.LABELS)
            .withAnnotations(annotations)
            .endMetadata()
            .withData(Map.of(RootCopy.KEY, wanted.pem()))
            .build();
    try {
      switch (write) {
        case RootPlan.Write.Create create -> {
          var _ =
              BoundedRequests.ask(
                  client,
                  c -> c.configMaps().inNamespace(create.namespace()).resource(map).create());
        }
        // The resource version makes it fail when the copy is not the one that was looked at.
        case RootPlan.Write.Replace replace -> {
          map.getMetadata().setResourceVersion(replace.version());
          merge(replace.namespace(), client.getKubernetesSerialization().asJson(map));
        }
      }
    } catch (KubernetesClientException e) {
      throw failure(write.namespace(), e);
    }
  }

  /**
   * Merges, so that what others keep in it stays theirs. By hand: the client's own patch reads the
   * object first, which needs one more right and takes one more request.
   */
  private void merge(String namespace, String patch) throws IOException {
    String base = client.getConfiguration().getMasterUrl();
    HttpRequest request =
        client
            .getHttpClient()
            .newHttpRequestBuilder()
            .uri(
                URI.create(
                    base
                        + (base.endsWith("/") ? "" : "/")
                        + "api/v1/namespaces/"
                        + namespace
                        + "/configmaps/"
                        + name))
            .header("Accept", "application/json")
            .timeout(BoundedRequests.TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
            .patch("application/merge-patch+json", patch)
            .build();
    try {
      HttpResponse<String> answer =
          client
              .getHttpClient()
              .sendAsync(request, String.class)
              .get(BoundedRequests.TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
      if (!answer.isSuccessful()) {
        throw new KubernetesClientException(status(answer));
      }
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException(namespace + ": " + ClientFailures.reason(e), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(namespace + ": interrupted", e);
    }
  }

  private Status status(HttpResponse<String> answer) {
    try {
      Status status = client.getKubernetesSerialization().unmarshal(answer.body(), Status.class);
      status.setCode(answer.code());
      return status;
    } catch (RuntimeException e) {
      // Something in between answered in its own words.
      return new StatusBuilder().withCode(answer.code()).withMessage(e.getMessage()).build();
    }
  }

  private static IOException failure(String namespace, KubernetesClientException e) {
    String message = namespace + ": " + ClientFailures.reason(e);
    return switch (e.getCode()) {
      case 0 -> new IOException(message, e);
      case HttpURLConnection.HTTP_CONFLICT, HttpURLConnection.HTTP_NOT_FOUND ->
          new RefusedException(RefusedException.Meaning.OUTDATED, message, e);
      case HttpURLConnection.HTTP_FORBIDDEN ->
          new RefusedException(
              terminating(e)
                  ? RefusedException.Meaning.OUTDATED
                  : RefusedException.Meaning.FORBIDDEN,
              message,
              e);
      case 400, 405, 413, 422 -> new RefusedException(RefusedException.Meaning.REFUSED, message, e);
      default -> new IOException(message, e);
    };
  }

  /** Nothing new can be made in a namespace that is being deleted; that is a 403 too. */
  private static boolean terminating(KubernetesClientException e) {
    var details = e.getStatus() == null ? null : e.getStatus().getDetails();
    return details != null
        && details.getCauses() != null
        && details.getCauses().stream()
            .anyMatch(cause -> "NamespaceTerminating".equals(cause.getReason()));
  }
}
