package io.portolan.xds.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import io.portolan.registry.image.RegistryDelta;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.Locality;
import io.portolan.registry.source.files.MeshDirectory;
import io.portolan.xds.generate.cluster.ClusterGenerator;
import io.portolan.xds.generate.endpoint.AssignmentGenerator;
import io.portolan.xds.generate.listener.ListenerGenerator;
import io.portolan.xds.generate.route.RouteGenerator;
import io.portolan.xds.node.ProxyNode;
import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.view.MeshContext;
import io.portolan.xds.view.ProxyScope;
import io.portolan.xds.view.ProxyViews;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/** One golden case: what a proxy of a mesh directory is sent. */
public record GoldenCase(
    List<EncodedResource> clusters,
    List<EncodedResource> endpoints,
    List<EncodedResource> listeners,
    List<EncodedResource> routes) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Reads and generates. */
  public static GoldenCase read(Path directory) throws IOException {
    RegistryDelta delta = new RegistryDelta();
    new MeshDirectory(directory.resolve("mesh"), () -> Instant.EPOCH, Duration.ZERO)
        .scan()
        .changes()
        .forEach(delta::add);
    RegistryImage image = delta.apply(RegistryImage.empty()).after();
    ProxyNode node = node(Files.readString(directory.resolve("proxy.yaml")));
    ProxyViews views = new ProxyViews(MeshContext.of(image));
    ProxyScope scope = views.scope(node);
    ProxyViews.Shared shared = views.shared(scope);
    ProxyViews.Own own = views.own(scope, node);
    List<EncodedResource> clusters = new ArrayList<>();
    List<EncodedResource> endpoints = new ArrayList<>();
    clusters.add(ClusterGenerator.blackHole());
    if (node.role() == ProxyNode.Role.SIDECAR) {
      clusters.add(ClusterGenerator.passthrough());
    }
    shared
        .clusters()
        .forEach(
            pair -> {
              clusters.add(ClusterGenerator.generate(pair.cluster()));
              if (pair.assignment() != null) {
                endpoints.add(AssignmentGenerator.generate(pair.assignment(), List.of()));
              }
            });
    own.clusters().forEach(c -> clusters.add(ClusterGenerator.generate(c)));
    List<EncodedResource> listeners = new ArrayList<>();
    shared.listeners().forEach(l -> listeners.add(ListenerGenerator.generate(l)));
    own.listeners().forEach(l -> listeners.add(ListenerGenerator.generate(l)));
    return new GoldenCase(
        clusters,
        endpoints,
        listeners,
        shared.routes().stream().map(RouteGenerator::generate).toList());
  }

  @SuppressWarnings("unchecked")
  private static ProxyNode node(String yaml) {
    Map<String, Object> m =
        (Map<String, Object>) new Load(LoadSettings.builder().build()).loadFromString(yaml);
    Map<String, String> labels = (Map<String, String>) m.getOrDefault("labels", Map.of());
    return new ProxyNode(
        "golden",
        ProxyNode.Role.valueOf((String) m.get("role")),
        List.of(((String) m.get("address")).split(",", -1)),
        (String) m.get("name"),
        (String) m.get("namespace"),
        (String) m.get("cluster"),
        "",
        List.of(),
        "",
        labels,
        ProxyNode.Interception.valueOf((String) m.get("interception")),
        (String) m.getOrDefault("appAddress", "127.0.0.1"),
        false,
        Locality.UNKNOWN,
        "");
  }

  /** The golden files by name. */
  Map<String, String> outputs() throws IOException {
    Map<String, String> files = new LinkedHashMap<>();
    files.put("clusters.yaml", yaml(clusters));
    files.put("endpoints.yaml", yaml(endpoints));
    files.put("listeners.yaml", yaml(listeners));
    files.put("routes.yaml", yaml(routes));
    return files;
  }

  private static String yaml(List<EncodedResource> resources) throws IOException {
    List<Object> all = new ArrayList<>();
    for (EncodedResource resource :
        resources.stream().sorted(Comparator.comparing(EncodedResource::name)).toList()) {
      all.add(JSON.convertValue(json(resource), Object.class));
    }
    DumpSettings settings =
        DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).setWidth(140).build();
    return new Dump(settings).dumpToString(all);
  }

  /** A resource as JSON with its type. */
  public static JsonNode json(EncodedResource resource) throws IOException {
    return JSON.readTree(
        JsonFormat.printer()
            .usingTypeRegistry(types())
            .preservingProtoFieldNames()
            .print(Any.parseFrom(resource.anyForPeople())));
  }

  private static TypeRegistry types() {
    TypeRegistry.Builder types = TypeRegistry.newBuilder();
    for (Message message :
        List.<Message>of(
            io.envoyproxy.envoy.config.cluster.v3.Cluster.getDefaultInstance(),
            io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment.getDefaultInstance(),
            io.envoyproxy.envoy.config.listener.v3.Listener.getDefaultInstance(),
            io.envoyproxy.envoy.config.route.v3.RouteConfiguration.getDefaultInstance(),
            io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                .getDefaultInstance(),
            io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
                .getDefaultInstance(),
            io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
                .getDefaultInstance(),
            io.envoyproxy.envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer
                .getDefaultInstance(),
            io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3
                .HttpConnectionManager.getDefaultInstance(),
            io.envoyproxy.envoy.extensions.filters.http.router.v3.Router.getDefaultInstance(),
            io.envoyproxy.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                .getDefaultInstance(),
            io.envoyproxy.envoy.extensions.filters.network.sni_cluster.v3.SniCluster
                .getDefaultInstance(),
            io.envoyproxy.envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector
                .getDefaultInstance(),
            io.envoyproxy.envoy.extensions.filters.listener.original_dst.v3.OriginalDst
                .getDefaultInstance(),
            io.envoyproxy.envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate
                .getDefaultInstance(),
            io.envoyproxy.envoy.extensions.retry.priority.previous_priorities.v3
                .PreviousPrioritiesConfig.getDefaultInstance())) {
      types.add(message.getDescriptorForType());
    }
    return types.build();
  }
}
