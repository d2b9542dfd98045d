package io.portolan.registry.source.kubernetes;

import io.portolan.registry.model.Kind;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a kind is in the API.
 *
 * @param prefixes of its API versions, the preferred first
 * @param plural its name in paths
 * @param selector query that narrows lists and watches, may be empty
 * @param custom whether a CRD defines it: it may be missing, and its fields are as people wrote
 *     them
 */
record ApiResource(
    Kind kind, List<String> prefixes, String plural, String selector, boolean custom) {
  private static final String ISTIO = "/apis/networking.istio.io/";

  static ApiResource of(Kind kind) {
    return switch (kind) {
      case NAMESPACE -> core(kind, "namespaces", "");
      case NODE -> core(kind, "nodes", "");
      case SERVICE -> core(kind, "services", "");
      case SERVICE_ACCOUNT -> core(kind, "serviceaccounts", "");
      // A failed pod has no address any more, and a broken Job leaves many of them.
      case POD -> core(kind, "pods", "fieldSelector=" + encoded("status.phase!=Failed"));
      // Slices of the Multi-Cluster Services API name a ServiceImport, not a Service.
      case ENDPOINT_SLICE ->
          new ApiResource(
              kind,
              List.of("/apis/discovery.k8s.io/v1/"),
              "endpointslices",
              "labelSelector="
                  + encoded("kubernetes.io/service-name,!multicluster.kubernetes.io/service-name"),
              false);
      case SERVICE_ENTRY -> istio(kind, "serviceentries");
      case WORKLOAD_ENTRY -> istio(kind, "workloadentries");
      case DESTINATION_RULE -> istio(kind, "destinationrules");
      case VIRTUAL_SERVICE -> istio(kind, "virtualservices");
      case GATEWAY -> istio(kind, "gateways");
    };
  }

  private static ApiResource core(Kind kind, String plural, String selector) {
    return new ApiResource(kind, List.of("/api/v1/"), plural, selector, false);
  }

  private static ApiResource istio(Kind kind, String plural) {
    return new ApiResource(
        kind, List.of(ISTIO + "v1/", ISTIO + "v1beta1/", ISTIO + "v1alpha3/"), plural, "", true);
  }

  static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /** Path of the collection over all namespaces. */
  String collection(int variant) {
    return prefixes.get(variant) + plural;
  }

  /** Path of one object. */
  String path(int variant, String namespace, String name) {
    return namespace.isEmpty()
        ? prefixes.get(variant) + plural + "/" + name
        : prefixes.get(variant) + "namespaces/" + namespace + "/" + plural + "/" + name;
  }

  /** The {@code apiVersion} of its objects. */
  String apiVersion(int variant) {
    String prefix = prefixes.get(variant);
    int from = prefix.startsWith("/apis/") ? "/apis/".length() : "/api/".length();
    return prefix.substring(from, prefix.length() - 1);
  }

  /** Query of a page of a list; {@code token} continues one. */
  String listQuery(int pageSize, boolean fromCache, @Nullable String token) {
    String query = "limit=" + pageSize;
    if (token != null) {
      query += "&continue=" + encoded(token);
    } else if (fromCache) {
      query += "&resourceVersion=0";
    }
    return with(query);
  }

  /** Query of a watch after a resource version. */
  String watchQuery(String version, long seconds) {
    return with(
        "watch=true&allowWatchBookmarks=true&resourceVersion="
            + encoded(version)
            + "&timeoutSeconds="
            + seconds);
  }

  /** Query of a watch that begins with all objects and marks their end. */
  String streamQuery(long seconds) {
    return with(
        "watch=true&allowWatchBookmarks=true&sendInitialEvents=true"
            + "&resourceVersionMatch=NotOlderThan&timeoutSeconds="
            + seconds);
  }

  private String with(String query) {
    return selector.isEmpty() ? query : query + "&" + selector;
  }
}
