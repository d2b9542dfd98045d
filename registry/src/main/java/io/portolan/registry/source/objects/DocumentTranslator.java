package io.portolan.registry.source.objects;

import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Translates the documents of one file of one cluster. */
public final class DocumentTranslator {
  private static final String CORE = "v1";
  private static final String DISCOVERY = "discovery.k8s.io/v1";
  private static final String ISTIO = "networking.istio.io/";
  private static final Set<String> ISTIO_VERSIONS = Set.of("v1", "v1beta1", "v1alpha3");
  private static final Set<String> HARMLESS =
      Set.of(
          "Deployment",
          "StatefulSet",
          "DaemonSet",
          "ReplicaSet",
          "Job",
          "CronJob",
          "ConfigMap",
          "PersistentVolumeClaim",
          "Role",
          "RoleBinding",
          "ClusterRole",
          "ClusterRoleBinding",
          "HorizontalPodAutoscaler",
          "PodDisruptionBudget",
          "NetworkPolicy",
          "CustomResourceDefinition",
          "Endpoints");
  private static final Set<String> CA_FILES =
      Set.of("root-cert.pem", "cert-chain.pem", "ca-cert.pem", "ca-key.pem");

  private final String cluster;
  private final Findings findings;
  private final String rootNamespace;
  private final String domain;
  private final List<MeshObject> objects = new ArrayList<>();
  private final List<ObjectRef> failed = new ArrayList<>();
  private @Nullable CaCertsSecret cacerts;

  /**
   * @param domain DNS suffix of Kubernetes services
   */
  public DocumentTranslator(
      String cluster, Findings findings, String rootNamespace, String domain) {
    this.cluster = cluster;
    this.findings = findings;
    this.rootNamespace = rootNamespace;
    this.domain = domain;
  }

  /** What was translated, in order. */
  public List<MeshObject> objects() {
    return objects;
  }

  /** Objects that are there but wrong: their last good version stays. */
  public List<ObjectRef> failed() {
    return failed;
  }

  /** The CA material of the cluster, null when no document holds it. */
  public @Nullable CaCertsSecret cacerts() {
    return cacerts;
  }

  /** Translates one document; a {@code kind: List} is its items. */
  public void document(Tree node) {
    if (!(node instanceof Tree.Mapping mapping)) {
      if (!(node instanceof Tree.Nothing)) {
        findings.error(node.line(), "", "document is not an object");
      }
      return;
    }
    findings.about("");
    int mark = findings.mark();
    Fields object = new Fields(mapping, "", findings);
    String apiVersion = object.string("apiVersion", "");
    String kindName = object.string("kind", "");
    if (kindName.equals("List")) {
      object.ignore("metadata");
      object.rawItems().forEach(this::document);
      object.finish();
      return;
    }
    if (apiVersion.isEmpty() || kindName.isEmpty()) {
      findings.error(object.line(), apiVersion.isEmpty() ? "apiVersion" : "kind", "is missing");
      return;
    }
    if (HARMLESS.contains(kindName)) {
      findings.info(object.line(), "", kindName + " means nothing to a control plane");
      return;
    }
    translate(object, apiVersion, kindName, mark);
  }

  private void translate(Fields object, String apiVersion, String kindName, int mark) {
    Kind kind = kindOf(apiVersion, kindName);
    boolean secret = apiVersion.equals(CORE) && kindName.equals("Secret");
    if (kind == null && !secret) {
      findings.warning(
          object.line(), "kind", apiVersion + " " + kindName + " is not a kind this version reads");
      return;
    }
    Metadata metadata = Metadata.of(object);
    boolean clustered = kind == Kind.NAMESPACE || kind == Kind.NODE;
    String namespace = clustered ? "" : metadata.namespace();
    findings.about(kindName + " " + (namespace.isEmpty() ? "" : namespace + "/") + metadata.name());
    if (kind == null) {
      secret(object, metadata);
      return;
    }
    ObjectRef ref = new ObjectRef(cluster, kind, namespace, metadata.name());
    Origin origin = new Origin(findings.file(), object.line());
    MeshObject made = make(kind, ref, origin, metadata, object);
    object.ignore("status");
    object.finish();
    if (made == null || findings.hasErrorsSince(mark)) {
      failed.add(ref);
    } else {
      objects.add(made);
    }
  }

  private @Nullable MeshObject make(
      Kind kind, ObjectRef ref, Origin origin, Metadata metadata, Fields object) {
    return switch (kind) {
      case NAMESPACE -> KubernetesTranslator.namespace(ref, origin, metadata, object);
      case NODE -> KubernetesTranslator.node(ref, origin, metadata, object);
      case SERVICE -> KubernetesTranslator.service(ref, origin, metadata, object);
      case ENDPOINT_SLICE -> KubernetesTranslator.slice(ref, origin, metadata, object);
      case POD -> KubernetesTranslator.pod(ref, origin, metadata, object);
      case SERVICE_ACCOUNT -> KubernetesTranslator.serviceAccount(ref, origin, object);
      case SERVICE_ENTRY, WORKLOAD_ENTRY, DESTINATION_RULE, VIRTUAL_SERVICE, GATEWAY ->
          istio(kind, ref, origin, object);
    };
  }

  private @Nullable MeshObject istio(Kind kind, ObjectRef ref, Origin origin, Fields object) {
    Fields spec = object.object("spec");
    if (spec == null) {
      findings.error(object.line(), "spec", "is missing");
      return null;
    }
    MeshObject made =
        switch (kind) {
          case SERVICE_ENTRY -> EntryTranslator.serviceEntry(ref, origin, spec);
          case WORKLOAD_ENTRY -> EntryTranslator.workloadEntry(ref, origin, spec);
          case DESTINATION_RULE -> PolicyTranslator.destinationRule(ref, origin, spec, domain);
          case VIRTUAL_SERVICE -> RouteTranslator.virtualService(ref, origin, spec, domain);
          case GATEWAY -> RouteTranslator.gateway(ref, origin, spec);
          case NAMESPACE, NODE, SERVICE, ENDPOINT_SLICE, POD, SERVICE_ACCOUNT -> null;
        };
    spec.finish();
    return made;
  }

  private static @Nullable Kind kindOf(String apiVersion, String name) {
    for (Kind kind : Kind.values()) {
      if (kind.kubernetesName().equals(name)) {
        boolean right =
            switch (kind) {
              case NAMESPACE, NODE, SERVICE, POD, SERVICE_ACCOUNT -> apiVersion.equals(CORE);
              case ENDPOINT_SLICE -> apiVersion.equals(DISCOVERY);
              case SERVICE_ENTRY, WORKLOAD_ENTRY, DESTINATION_RULE, VIRTUAL_SERVICE, GATEWAY ->
                  apiVersion.startsWith(ISTIO)
                      && ISTIO_VERSIONS.contains(apiVersion.substring(ISTIO.length()));
            };
        return right ? kind : null;
      }
    }
    return null;
  }

  private void secret(Fields object, Metadata metadata) {
    if (!metadata.name().equals("cacerts") || !metadata.namespace().equals(rootNamespace)) {
      findings.info(
          object.line(), "", "this version reads only the Secret cacerts in " + rootNamespace);
      return;
    }
    Map<String, byte[]> files = new HashMap<>();
    object
        .stringMap("data")
        .forEach(
            (name, value) -> {
              if (CA_FILES.contains(name)) {
                try {
                  files.put(name, Base64.getMimeDecoder().decode(value));
                } catch (IllegalArgumentException e) {
                  findings.error(object.lineOf("data"), "data." + name, "is not base64");
                }
              }
            });
    object
        .stringMap("stringData")
        .forEach(
            (name, value) -> {
              if (CA_FILES.contains(name)) {
                files.put(name, value.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
              }
            });
    for (String name : CA_FILES) {
      if (!files.containsKey(name)) {
        findings.error(object.line(), "data." + name, "is missing");
        return;
      }
    }
    cacerts = new CaCertsSecret(cluster, files, new Origin(findings.file(), object.line()));
  }
}
