package io.portolan.xds.stream;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.Layer;
import io.portolan.xds.snapshot.ResourceSet;
import io.portolan.xds.snapshot.ResourceType;
import io.portolan.xds.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;

/** Small resources whose content is a number. */
final class TestResources {
  private TestResources() {}

  /** {@code type:name=content}, for instance {@code CDS:a=1}. */
  static EncodedResource resource(String text) {
    int colon = text.indexOf(':');
    int equals = text.indexOf('=');
    String name = text.substring(colon + 1, equals);
    String content = text.substring(equals + 1);
    return switch (text.substring(0, colon)) {
      case "CDS" ->
          EncodedResource.cluster(
              name,
              Cluster.newBuilder().setName(name).setAltStatName(content).build(),
              name,
              List.of());
      case "EDS" ->
          EncodedResource.of(
              ResourceType.ENDPOINT,
              name,
              ClusterLoadAssignment.newBuilder()
                  .setClusterName(name)
                  .addEndpoints(
                      io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints.newBuilder()
                          .setPriority(Integer.parseInt(content)))
                  .build(),
              List.of());
      case "LDS" ->
          EncodedResource.of(
              ResourceType.LISTENER,
              name,
              Listener.newBuilder().setName(name).setStatPrefix(content).build(),
              List.of());
      case "RDS" ->
          EncodedResource.of(
              ResourceType.ROUTE,
              name,
              RouteConfiguration.newBuilder().setName(name).addInternalOnlyHeaders(content).build(),
              List.of());
      case "SDS" ->
          EncodedResource.of(
              ResourceType.SECRET,
              name,
              io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret.newBuilder()
                  .setName(name + content)
                  .build(),
              List.of());
      default -> throw new IllegalArgumentException(text);
    };
  }

  /** A snapshot of space-separated resources. */
  static Snapshot snapshot(String text) {
    List<List<EncodedResource>> byType = new ArrayList<>();
    for (ResourceType ignored : ResourceType.values()) {
      byType.add(new ArrayList<>());
    }
    for (String word : text.isBlank() ? List.<String>of() : List.of(text.strip().split("\\s+"))) {
      EncodedResource resource = resource(word);
      byType.get(resource.type().ordinal()).add(resource);
    }
    List<ResourceSet> sets =
        byType.stream().map(l -> new ResourceSet(Layer.of(l), Layer.EMPTY)).toList();
    return new Snapshot(sets.get(0), sets.get(1), sets.get(2), sets.get(3), sets.get(4));
  }

  static ResourceType type(String shortName) {
    for (ResourceType type : ResourceType.values()) {
      if (type.shortName().equals(shortName)) {
        return type;
      }
    }
    throw new IllegalArgumentException(shortName);
  }
}
