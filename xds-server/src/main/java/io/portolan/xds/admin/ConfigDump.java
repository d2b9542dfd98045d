package io.portolan.xds.admin;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.ResourceType;
import io.portolan.xds.snapshot.Snapshot;

/** The snapshot of one proxy as JSON; secrets are named and never shown. */
final class ConfigDump {
  private static final JsonFormat.Printer PRINTER =
      JsonFormat.printer().usingTypeRegistry(types()).omittingInsignificantWhitespace();

  private ConfigDump() {}

  static void into(ObjectNode root, Snapshot snapshot, ObjectMapper json)
      throws java.io.IOException {
    for (ResourceType type : ResourceType.values()) {
      ArrayNode list = root.putArray(type.shortName());
      for (EncodedResource resource : snapshot.of(type).sorted()) {
        ObjectNode node = list.addObject();
        node.put("name", resource.name()).put("version", resource.version());
        ArrayNode sources = node.putArray("sources");
        resource.sources().forEach(sources::add);
        if (type == ResourceType.SECRET) {
          node.put("resource", "[redacted]");
        } else {
          node.set("resource", json.readTree(text(resource)));
        }
      }
    }
  }

  private static String text(EncodedResource resource) {
    try {
      return PRINTER.print(Any.parseFrom(resource.anyForPeople()));
    } catch (InvalidProtocolBufferException e) {
      return "{\"unprintable\":\"" + String.valueOf(e.getMessage()).replace('"', '\'') + "\"}";
    }
  }

  private static TypeRegistry types() {
    return TypeRegistry.newBuilder()
        .add(io.envoyproxy.envoy.config.cluster.v3.Cluster.getDescriptor())
        .add(io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment.getDescriptor())
        .add(io.envoyproxy.envoy.config.listener.v3.Listener.getDescriptor())
        .add(io.envoyproxy.envoy.config.route.v3.RouteConfiguration.getDescriptor())
        .add(io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions.getDescriptor())
        .add(
            io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
                .getDescriptor())
        .add(
            io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
                .getDescriptor())
        .add(
            io.envoyproxy.envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer
                .getDescriptor())
        .add(
            io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3
                .HttpConnectionManager.getDescriptor())
        .add(io.envoyproxy.envoy.extensions.filters.http.router.v3.Router.getDescriptor())
        .add(io.envoyproxy.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.getDescriptor())
        .add(
            io.envoyproxy.envoy.extensions.filters.network.sni_cluster.v3.SniCluster
                .getDescriptor())
        .add(
            io.envoyproxy.envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector
                .getDescriptor())
        .add(
            io.envoyproxy.envoy.extensions.filters.listener.original_dst.v3.OriginalDst
                .getDescriptor())
        .add(
            io.envoyproxy.envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate
                .getDescriptor())
        .add(
            io.envoyproxy.envoy.extensions.retry.priority.previous_priorities.v3
                .PreviousPrioritiesConfig.getDescriptor())
        .build();
  }
}
