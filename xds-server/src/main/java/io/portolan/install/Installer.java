package io.portolan.install;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentCondition;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.KubernetesClientTimeoutException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Applies objects by server-side apply, as field manager {@code portolan}. */
public final class Installer {
  private static final String MANAGER = "portolan";
  private static final int UNAUTHORIZED = 401;
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;
  private static final int CONFLICT = 409;

  private final KubernetesClient client;
  private final PrintWriter progress;
  private final boolean force;

  /**
   * @param force whether fields that another manager owns are taken over
   */
  public Installer(KubernetesClient client, PrintWriter progress, boolean force) {
    this.client = client;
    this.progress = progress;
    this.force = force;
  }

  /**
   * Applies all, definitions first.
   *
   * @param patience how long the API server may take to serve the definitions
   * @throws InstallException naming the object, the reason and what helps; what was applied stays
   */
  public void apply(
      List<Chart.Document> definitions, List<Chart.Document> documents, Duration patience)
      throws InstallException {
    for (Chart.Document definition : definitions) {
      apply(definition);
    }
    for (Chart.Document definition : definitions) {
      established(definition, patience);
    }
    for (Chart.Document document : documents) {
      apply(document);
    }
  }

  /**
   * Waits until every Deployment among the objects is available.
   *
   * @throws InstallException when one is not in time, with what it says about itself
   */
  public void await(List<Chart.Document> documents, Duration patience) throws InstallException {
    for (Chart.Document document : documents) {
      if (document.kind().equals("Deployment")) {
        available(document, patience);
      }
    }
  }

  private void apply(Chart.Document document) throws InstallException {
    try {
      var resource = client.resource(generic(document)).fieldManager(MANAGER);
      if (force) {
        resource.forceConflicts().serverSideApply();
      } else {
        resource.serverSideApply();
      }
      say(document.label() + " applied");
    } catch (KubernetesClientException e) {
      throw new InstallException(document.label() + ": " + reason(e), e);
    }
  }

  private GenericKubernetesResource generic(Chart.Document document) {
    return client
        .getKubernetesSerialization()
        .unmarshal(document.tree().toString(), GenericKubernetesResource.class);
  }

  private void established(Chart.Document definition, Duration patience) throws InstallException {
    try {
      client
          .resource(generic(definition))
          .waitUntilCondition(Installer::isEstablished, patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (KubernetesClientTimeoutException e) {
      throw new InstallException(
          definition.label() + ": is not served after " + patience.toSeconds() + " s", e);
    } catch (KubernetesClientException e) {
      throw new InstallException(definition.label() + ": " + reason(e), e);
    }
  }

  private static boolean isEstablished(@Nullable GenericKubernetesResource definition) {
    if (definition == null) {
      return false;
    }
    List<Object> conditions = definition.get("status", "conditions");
    if (conditions == null) {
      return false;
    }
    return conditions.stream()
        .anyMatch(
            c ->
                c instanceof java.util.Map<?, ?> condition
                    && "Established".equals(condition.get("type"))
                    && "True".equals(condition.get("status")));
  }

  private void available(Chart.Document document, Duration patience) throws InstallException {
    String namespace = document.tree().path("metadata").path("namespace").asText();
    String[] last = {""};
    try {
      client
          .apps()
          .deployments()
          .inNamespace(namespace)
          .withName(document.name())
          .waitUntilCondition(
              deployment -> {
                String state = state(deployment);
                if (!state.equals(last[0])) {
                  say(document.label() + ": " + state);
                  last[0] = state;
                }
                return isAvailable(deployment);
              },
              patience.toMillis(),
              TimeUnit.MILLISECONDS);
    } catch (KubernetesClientTimeoutException e) {
      throw new InstallException(
          document.label()
              + ": is not available after "
              + patience.toSeconds()
              + " s: "
              + last[0]
              + " (remedy: kubectl -n "
              + namespace
              + " describe pods -l app="
              + document.name()
              + "; a missing Secret or image is said there)",
          e);
    } catch (KubernetesClientException e) {
      throw new InstallException(document.label() + ": " + reason(e), e);
    }
  }

  private static boolean isAvailable(@Nullable Deployment deployment) {
    if (deployment == null || deployment.getStatus() == null) {
      return false;
    }
    DeploymentStatus status = deployment.getStatus();
    int wanted = Objects.requireNonNullElse(deployment.getSpec().getReplicas(), 1);
    return Objects.equals(status.getObservedGeneration(), deployment.getMetadata().getGeneration())
        && Objects.requireNonNullElse(status.getUpdatedReplicas(), 0) >= wanted
        && Objects.requireNonNullElse(status.getAvailableReplicas(), 0) >= wanted;
  }

  private static String state(@Nullable Deployment deployment) {
    if (deployment == null || deployment.getStatus() == null) {
      return "is not there";
    }
    DeploymentStatus status = deployment.getStatus();
    StringBuilder text = new StringBuilder();
    text.append(Objects.requireNonNullElse(status.getAvailableReplicas(), 0))
        .append(" of ")
        .append(Objects.requireNonNullElse(deployment.getSpec().getReplicas(), 1))
        .append(" replicas available");
    for (DeploymentCondition condition : status.getConditions()) {
      if ("False".equals(condition.getStatus()) || "ReplicaFailure".equals(condition.getType())) {
        text.append("; ").append(condition.getMessage());
      }
    }
    return text.toString();
  }

  private void say(String line) {
    progress.println(line);
    progress.flush();
  }

  private String reason(KubernetesClientException e) {
    if (e.getStatus() == null) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      return "the API server "
          + client.getMasterUrl()
          + " cannot be reached: "
          + cause
          + " (remedy: the server address of the kubeconfig, and the network to it)";
    }
    String message =
        e.getStatus().getMessage() == null
            ? String.valueOf(e.getMessage())
            : e.getStatus().getMessage();
    return switch (e.getCode()) {
      case UNAUTHORIZED ->
          "the API server does not know this user: " + message + " (remedy: renew the kubeconfig)";
      case FORBIDDEN -> message + " (remedy: a user that may create this, such as cluster-admin)";
      case NOT_FOUND ->
          message + " (remedy: make the namespace, or install with --set namespace.create=true)";
      case CONFLICT ->
          message + " (remedy: --force-conflicts takes the fields over from their other manager)";
      default -> message;
    };
  }
}
