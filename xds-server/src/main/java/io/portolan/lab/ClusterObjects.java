package io.portolan.lab;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.portolan.registry.source.kubernetes.membership.ClientFailures;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;

/** The objects of one API server, as the lab writes and reads them. Safe for any thread. */
final class ClusterObjects implements AutoCloseable {
  private static final String MANAGER = "portolan-lab";
  private static final String AUDIENCE = "istio-ca";
  private static final String SERVICE_NAME = "kubernetes.io/service-name";
  private static final PatchContext BY_LAB =
      new PatchContext.Builder()
          .withPatchType(PatchType.SERVER_SIDE_APPLY)
          .withFieldManager(MANAGER)
          .withForce(true)
          .build();

  private static final int TRIES = 100;
  private static final long PAUSE_NANOS = 100_000_000;

  private final String cluster;
  private final KubernetesClient client;

  /**
   * @param client closed with this
   */
  ClusterObjects(String cluster, KubernetesClient client) {
    this.cluster = cluster;
    this.client = client;
  }

  /**
   * Applies YAML documents, their status too.
   *
   * @throws IOException naming the object that is not taken
   */
  void applyAll(String text) throws IOException {
    for (String document : text.split("\n---", -1)) {
      if (!document.isBlank()) {
        apply(document);
      }
    }
  }

  /** Applies one document, its status too. */
  void apply(String document) throws IOException {
    GenericKubernetesResource object;
    try {
      object =
          client.getKubernetesSerialization().unmarshal(document, GenericKubernetesResource.class);
    } catch (KubernetesClientException e) {
      throw new IOException("not a Kubernetes object: " + ClientFailures.reason(e), e);
    }
    Object status = object.getAdditionalProperties().remove("status");
    if (object.getKind().equals("Pod")) {
      containers(object);
    }
    send(
        object,
        () -> client.resource(object).fieldManager(MANAGER).forceConflicts().serverSideApply());
    if (status instanceof Map<?, ?> fields) {
      Map<String, Object> whole = new LinkedHashMap<>();
      fields.forEach((key, value) -> whole.put(String.valueOf(key), value));
      if (object.getKind().equals("Pod")) {
        whole.putIfAbsent("phase", "Running");
      }
      object.getAdditionalProperties().put("status", whole);
      object.getMetadata().setManagedFields(null);
      object.getMetadata().setResourceVersion(null);
      send(object, () -> client.resource(object).subresource("status").patch(BY_LAB));
    }
  }

  /** API servers want a container in a pod; mesh directories need not name one. */
  private static void containers(GenericKubernetesResource pod) {
    if (pod.getAdditionalProperties().get("spec") instanceof Map<?, ?> spec
        && !spec.containsKey("containers")) {
      Map<String, Object> whole = new LinkedHashMap<>();
      spec.forEach((key, value) -> whole.put(String.valueOf(key), value));
      whole.put("containers", List.of(Map.of("name", "app", "image", "lab.invalid/app")));
      pod.getAdditionalProperties().put("spec", whole);
    }
  }

  /** A definition takes a moment until objects of its kind are taken. */
  private void send(GenericKubernetesResource object, Runnable request) throws IOException {
    for (int left = TRIES; ; left--) {
      try {
        request.run();
        return;
      } catch (KubernetesClientException e) {
        if (e.getCode() != 404 || left == 0) {
          throw new IOException(
              "cluster "
                  + cluster
                  + " does not take "
                  + object.getKind()
                  + " "
                  + object.getMetadata().getName()
                  + ": "
                  + ClientFailures.reason(e),
              e);
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  /** An account of a workload that the mesh directory need not name. */
  void account(String namespace, String name) throws IOException {
    apply(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: "
            + name
            + ", namespace: "
            + namespace
            + "}");
  }

  /**
   * A token of a service account for the control plane, as a kubelet asks for it.
   *
   * @throws IOException when the API server gives none
   */
  String token(String namespace, String account, Duration lifetime) throws IOException {
    TokenRequest request =
        new TokenRequestBuilder()
            .withNewSpec()
            .withAudiences(AUDIENCE)
            .withExpirationSeconds(lifetime.toSeconds())
            .endSpec()
            .build();
    try {
      return client
          .serviceAccounts()
          .inNamespace(namespace)
          .withName(account)
          .tokenRequest(request)
          .getStatus()
          .getToken();
    } catch (KubernetesClientException e) {
      throw new IOException(
          "cluster "
              + cluster
              + " gives no token for service account "
              + namespace
              + "/"
              + account
              + ": "
              + ClientFailures.reason(e),
          e);
    }
  }

  /** Says that the nodes are alive, as their kubelets do: a heartbeat in each node's status. */
  void heartbeat(Instant now) {
    for (Node node : client.nodes().list().getItems()) {
      String name = node.getMetadata().getName();
      client
          .nodes()
          .withName(name)
          .subresource("status")
          .patch(
              PatchContext.of(PatchType.STRATEGIC_MERGE),
              "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\","
                  + "\"reason\":\"LabReady\",\"lastHeartbeatTime\":\""
                  + Instant.ofEpochSecond(now.getEpochSecond())
                  + "\"}]}}");
    }
  }

  /**
   * What the endpoint slice controller has made.
   *
   * @param slices number of slices
   * @param ready addresses of their ready endpoints
   * @param all addresses of all their endpoints
   * @param zones zones they name
   */
  record Slices(int slices, Set<String> ready, Set<String> all, Set<String> zones) {}

  /** The slices of a service, of all services when no name is given. */
  Slices slices(String namespace, String service) throws IOException {
    Set<String> ready = new TreeSet<>();
    Set<String> all = new TreeSet<>();
    Set<String> zones = new TreeSet<>();
    try {
      List<EndpointSlice> found =
          client
              .discovery()
              .v1()
              .endpointSlices()
              .inNamespace(namespace)
              .withLabel(SERVICE_NAME, service)
              .list()
              .getItems();
      for (EndpointSlice slice : found) {
        // A slice of no endpoints is written as null.
        if (slice.getEndpoints() == null) {
          continue;
        }
        slice
            .getEndpoints()
            .forEach(
                endpoint -> {
                  all.addAll(endpoint.getAddresses());
                  if (Boolean.TRUE.equals(endpoint.getConditions().getReady())) {
                    ready.addAll(endpoint.getAddresses());
                  }
                  if (endpoint.getZone() != null) {
                    zones.add(endpoint.getZone());
                  }
                });
      }
      return new Slices(found.size(), ready, all, zones);
    } catch (KubernetesClientException e) {
      throw new IOException("cluster " + cluster + ": " + ClientFailures.reason(e), e);
    }
  }

  /** Services whose selector matches pods, as {@code namespace/name}, that have no slice yet. */
  List<String> withoutSlices() throws IOException {
    List<String> without = new ArrayList<>();
    try {
      for (Service service : client.services().inAnyNamespace().list().getItems()) {
        Map<String, String> selector = service.getSpec().getSelector();
        String namespace = service.getMetadata().getNamespace();
        String name = service.getMetadata().getName();
        if (selector == null || selector.isEmpty()) {
          continue;
        }
        long pods =
            client.pods().inNamespace(namespace).withLabels(selector).list().getItems().size();
        if (slices(namespace, name).all().size() < pods) {
          without.add(namespace + "/" + name);
        }
      }
    } catch (KubernetesClientException e) {
      throw new IOException("cluster " + cluster + ": " + ClientFailures.reason(e), e);
    }
    return without;
  }

  @Override
  public void close() {
    client.close();
  }
}
