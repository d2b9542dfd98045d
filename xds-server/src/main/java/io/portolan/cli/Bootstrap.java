package io.portolan.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/**
 * An Envoy bootstrap: one ADS stream to the control plane over TLS, with a join token that is read
 * anew from its file for every stream.
 *
 * @param role {@code sidecar} or {@code router}
 * @param address the proxy's IP address
 * @param appAddress where the workload listens in interception mode NONE
 * @param xdsAddresses {@code host:port} of control planes in order of preference; at least one
 * @param caFile roots the control plane's certificate is checked against
 * @param tokenSdsFile SDS file that names the token file
 * @param tokenDirectory directory of the token file, watched for renames
 * @param adminAddress {@code host:port} of the proxy's admin page
 */
public record Bootstrap(
    String role,
    String name,
    String namespace,
    String cluster,
    String serviceAccount,
    String network,
    String locality,
    Map<String, String> labels,
    String interception,
    String address,
    String appAddress,
    List<String> xdsAddresses,
    String caFile,
    String tokenSdsFile,
    String tokenDirectory,
    String adminAddress,
    boolean delta) {
  private static final int MAX_PORT = 65535;
  private static final String TYPE = "@type";
  private static final String URL = "type.googleapis.com/";

  /** Refuses addresses that are none, with an IllegalArgumentException that names them. */
  public Bootstrap {
    if (xdsAddresses.isEmpty()) {
      throw new IllegalArgumentException("no address of a control plane (expected at least one)");
    }
    xdsAddresses = List.copyOf(xdsAddresses);
    xdsAddresses.forEach(Bootstrap::socket);
    socket(adminAddress);
    labels = Map.copyOf(labels);
  }

  /** The bootstrap as nested maps. */
  public Map<String, Object> tree() {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("node", node());
    root.put("admin", Map.of("address", socket(adminAddress)));
    Map<String, Object> ads = new LinkedHashMap<>();
    ads.put("api_type", delta ? "DELTA_GRPC" : "GRPC");
    ads.put("transport_api_version", "V3");
    ads.put("set_node_on_first_message_only", true);
    ads.put(
        "grpc_services",
        List.of(Map.of("envoy_grpc", ordered("cluster_name", "xds", "retry_policy", reconnect()))));
    Map<String, Object> viaAds = new LinkedHashMap<>();
    viaAds.put("ads", Map.of());
    viaAds.put("resource_api_version", "V3");
    Map<String, Object> dynamic = new LinkedHashMap<>();
    dynamic.put("ads_config", ads);
    dynamic.put("cds_config", viaAds);
    dynamic.put("lds_config", new LinkedHashMap<>(viaAds));
    root.put("dynamic_resources", dynamic);
    root.put("static_resources", Map.of("clusters", List.of(xdsCluster())));
    root.put("stats_flush_interval", "1s");
    return root;
  }

  private Map<String, Object> node() {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("CLUSTER_ID", cluster);
    metadata.put("NAMESPACE", namespace);
    metadata.put("SERVICE_ACCOUNT", serviceAccount);
    if (!network.isEmpty()) {
      metadata.put("NETWORK", network);
    }
    metadata.put("INTERCEPTION_MODE", interception);
    if (interception.equals("NONE") && role.equals("sidecar")) {
      metadata.put("APP_ADDRESS", appAddress);
    }
    if (!labels.isEmpty()) {
      metadata.put("LABELS", new java.util.TreeMap<>(labels));
    }
    Map<String, Object> node = new LinkedHashMap<>();
    node.put(
        "id",
        role
            + "~"
            + address
            + "~"
            + name
            + "."
            + namespace
            + "~"
            + namespace
            + ".svc.cluster.local");
    node.put("cluster", name + "." + namespace);
    if (!locality.isEmpty()) {
      String[] parts = locality.split("/", 3);
      Map<String, Object> place = new LinkedHashMap<>();
      place.put("region", parts[0]);
      if (parts.length > 1) {
        place.put("zone", parts[1]);
      }
      if (parts.length > 2) {
        place.put("sub_zone", parts[2]);
      }
      node.put("locality", place);
    }
    node.put("metadata", metadata);
    return node;
  }

  /** The host may be in brackets, as an IPv6 address is. */
  private static Map<String, Object> socket(String hostPort) {
    int colon = hostPort.lastIndexOf(':');
    String host = colon < 0 ? "" : hostPort.substring(0, colon);
    int port = colon < 0 ? -1 : port(hostPort.substring(colon + 1));
    if (host.isEmpty() || port < 0) {
      throw new IllegalArgumentException("'" + hostPort + "' (expected host:port)");
    }
    Map<String, Object> socket = new LinkedHashMap<>();
    socket.put(
        "address",
        host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host);
    socket.put("port_value", port);
    return Map.of("socket_address", socket);
  }

  /** A port, or less than zero. */
  private static int port(String text) {
    try {
      int port = Integer.parseInt(text);
      return port > MAX_PORT ? -1 : port;
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  /** Envoy's own longest pause is 30 s: too long after an outage that is over. */
  private static Map<String, Object> reconnect() {
    return Map.of("retry_back_off", ordered("base_interval", "0.5s", "max_interval", "8s"));
  }

  private Map<String, Object> xdsCluster() {
    Map<String, Object> cluster = new LinkedHashMap<>();
    cluster.put("name", "xds");
    cluster.put("type", "STRICT_DNS");
    cluster.put("connect_timeout", "5s");
    List<Object> groups = new ArrayList<>();
    for (String address : xdsAddresses) {
      Map<String, Object> group = new LinkedHashMap<>();
      if (!groups.isEmpty()) {
        group.put("priority", groups.size());
      }
      group.put("lb_endpoints", List.of(Map.of("endpoint", Map.of("address", socket(address)))));
      groups.add(group);
    }
    cluster.put("load_assignment", ordered("cluster_name", "xds", "endpoints", groups));
    if (groups.size() > 1) {
      // Without it Envoy takes a dead control plane for healthy and never tries the next.
      cluster.put(
          "outlier_detection",
          ordered(
              "split_external_local_origin_errors",
              true,
              "consecutive_local_origin_failure",
              2,
              "enforcing_consecutive_local_origin_failure",
              100,
              "enforcing_success_rate",
              0,
              "enforcing_local_origin_success_rate",
              0,
              "max_ejection_percent",
              100,
              "base_ejection_time",
              "30s"));
    }
    Map<String, Object> http =
        ordered(
            TYPE,
            URL + "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config",
            Map.of(
                "http2_protocol_options",
                Map.of("connection_keepalive", ordered("interval", "30s", "timeout", "5s"))),
            "http_filters",
            List.of(injector(), codec()));
    cluster.put(
        "typed_extension_protocol_options",
        Map.of("envoy.extensions.upstreams.http.v3.HttpProtocolOptions", http));
    cluster.put(
        "transport_socket",
        ordered(
            "name",
            "envoy.transport_sockets.tls",
            "typed_config",
            ordered(
                TYPE,
                URL + "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                "sni",
                "portolan.local",
                "common_tls_context",
                Map.of(
                    "validation_context",
                    ordered(
                        "trusted_ca",
                        Map.of("filename", caFile),
                        "match_typed_subject_alt_names",
                        List.of(
                            ordered(
                                "san_type",
                                "DNS",
                                "matcher",
                                Map.of("exact", "portolan.local"))))))));
    return cluster;
  }

  private Map<String, Object> injector() {
    Map<String, Object> source =
        ordered(
            "path_config_source",
            ordered("path", tokenSdsFile, "watched_directory", Map.of("path", tokenDirectory)),
            "resource_api_version",
            "V3");
    return ordered(
        "name",
        "envoy.filters.http.credential_injector",
        "typed_config",
        ordered(
            TYPE,
            URL + "envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
            "overwrite",
            true,
            "credential",
            ordered(
                "name",
                "envoy.http.injected_credentials.generic",
                "typed_config",
                ordered(
                    TYPE,
                    URL + "envoy.extensions.http.injected_credentials.generic.v3.Generic",
                    "header",
                    "authorization",
                    "header_value_prefix",
                    "Bearer ",
                    "credential",
                    ordered("name", "token", "sds_config", source)))));
  }

  private static Map<String, Object> codec() {
    return ordered(
        "name",
        "envoy.filters.http.upstream_codec",
        "typed_config",
        Map.of(TYPE, URL + "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"));
  }

  private static Map<String, Object> ordered(Object... pairs) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      map.put((String) pairs[i], pairs[i + 1]);
    }
    return map;
  }

  /** The bootstrap as YAML. */
  public String yaml() {
    DumpSettings settings =
        DumpSettings.builder()
            .setDefaultFlowStyle(FlowStyle.BLOCK)
            .setDereferenceAliases(true)
            .build();
    return new Dump(settings).dumpToString(tree());
  }

  /** The SDS file that makes Envoy read a token from {@code tokenFile}. */
  public static String tokenSds(String tokenFile) {
    return "resources:\n"
        + "- \"@type\": "
        + URL
        + "envoy.extensions.transport_sockets.tls.v3.Secret\n"
        + "  name: token\n"
        + "  generic_secret:\n"
        + "    secret: {filename: \""
        + tokenFile
        + "\"}\n";
  }
}
