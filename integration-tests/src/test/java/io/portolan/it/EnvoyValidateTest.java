package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.portolan.xds.golden.GoldenCase;
import io.portolan.xds.snapshot.EncodedResource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Real Envoy accepts every golden configuration, and no deprecated field is in it. */
class EnvoyValidateTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TestFactory
  Stream<DynamicTest> goldens() throws IOException {
    Path golden = Workspace.root().resolve("xds-server/src/test/resources/golden");
    try (Stream<Path> cases = Files.list(golden)) {
      return cases.sorted().toList().stream()
          .map(c -> DynamicTest.dynamicTest(c.getFileName().toString(), () -> validate(c)));
    }
  }

  private static void validate(Path directory) throws Exception {
    Path file = Workspace.target().resolve("validate-" + directory.getFileName() + ".json");
    Files.writeString(file, bootstrap(GoldenCase.read(directory)).toPrettyString());
    Process envoy =
        new ProcessBuilder(
                Workspace.envoy().toString(),
                "--mode",
                "validate",
                "-c",
                file.toString(),
                "--log-level",
                "warning")
            .redirectErrorStream(true)
            .start();
    String output = new String(envoy.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(envoy.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, envoy.exitValue(), output);
    assertTrue(!output.toLowerCase(java.util.Locale.ROOT).contains("deprecated"), output);
  }

  private static ObjectNode bootstrap(GoldenCase golden) throws IOException {
    ObjectNode root =
        (ObjectNode)
            JSON.readTree(
                """
        {"node": {"id": "golden", "cluster": "golden"},
         "layered_runtime": {"layers": [{"name": "strict", "static_layer":
           {"envoy.features.fail_on_any_deprecated_feature": true}}]},
         "dynamic_resources": {"ads_config": {"api_type": "DELTA_GRPC",
           "transport_api_version": "V3",
           "grpc_services": [{"envoy_grpc": {"cluster_name": "xds"}}]}},
         "static_resources": {"clusters": [{"name": "xds", "type": "STATIC",
           "connect_timeout": "1s",
           "load_assignment": {"cluster_name": "xds", "endpoints": [{"lb_endpoints": [{"endpoint":
             {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 1}}}}]}]},
           "typed_extension_protocol_options": {
             "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
               "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
               "explicit_http_config": {"http2_protocol_options": {}}}}}],
          "listeners": []}}
        """);
    ArrayNode clusters = (ArrayNode) root.at("/static_resources/clusters");
    ArrayNode listeners = (ArrayNode) root.at("/static_resources/listeners");
    for (EncodedResource cluster : golden.clusters()) {
      addCluster(clusters, (ObjectNode) plain(cluster));
    }
    for (EncodedResource listener : golden.listeners()) {
      listeners.add(plain(listener));
    }
    int port = 20000;
    for (EncodedResource route : golden.routes()) {
      listeners.add(carrier(plain(route), port++));
    }
    for (EncodedResource endpoints : golden.endpoints()) {
      ObjectNode cluster = clusters.addObject();
      cluster
          .put("name", "static of " + endpoints.name())
          .put("type", "STATIC")
          .put("connect_timeout", "1s");
      ObjectNode assignment = (ObjectNode) plain(endpoints);
      assignment.put("cluster_name", "static of " + endpoints.name());
      cluster.set("load_assignment", assignment);
    }
    return root;
  }

  /**
   * A cluster that resolves names is made before the stream that certificates come over, when it
   * stands in a bootstrap, and Envoy 1.40 does not survive that. Here, and only here, its transport
   * sockets are read in a twin that resolves nothing.
   */
  private static void addCluster(ArrayNode clusters, ObjectNode cluster) {
    boolean resolves = cluster.path("type").asText().endsWith("_DNS");
    if (!resolves || !cluster.toString().contains("sds_config")) {
      clusters.add(cluster);
      return;
    }
    ObjectNode twin = cluster.deepCopy();
    twin.put("name", "sockets of " + cluster.path("name").asText()).put("type", "EDS");
    twin.remove(java.util.List.of("load_assignment", "dns_lookup_family"));
    twin.putObject("eds_cluster_config")
        .putObject("eds_config")
        .put("resource_api_version", "V3")
        .putObject("ads");
    clusters.add(twin);
    cluster.remove(java.util.List.of("transport_socket", "transport_socket_matches"));
    clusters.add(cluster);
  }

  private static JsonNode plain(EncodedResource resource) throws IOException {
    ObjectNode node = (ObjectNode) GoldenCase.json(resource);
    node.remove("@type");
    return node;
  }

  /** A listener whose only purpose is to make Envoy read a route configuration. */
  private static ObjectNode carrier(JsonNode route, int port) {
    ObjectNode listener = JSON.createObjectNode();
    listener.put("name", "carrier " + port).put("bind_to_port", false);
    listener
        .putObject("address")
        .putObject("socket_address")
        .put("address", "127.0.0.1")
        .put("port_value", port);
    ObjectNode filter =
        listener.putArray("filter_chains").addObject().putArray("filters").addObject();
    filter.put("name", "http");
    ObjectNode manager = filter.putObject("typed_config");
    manager.put(
        "@type",
        "type.googleapis.com/envoy.extensions.filters.network"
            + ".http_connection_manager.v3.HttpConnectionManager");
    manager.put("stat_prefix", "carrier");
    manager.set("route_config", route);
    ObjectNode router = manager.putArray("http_filters").addObject();
    router
        .put("name", "envoy.filters.http.router")
        .putObject("typed_config")
        .put("@type", "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router");
    return listener;
  }
}
