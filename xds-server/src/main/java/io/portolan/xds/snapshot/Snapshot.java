package io.portolan.xds.snapshot;

import com.google.protobuf.BoolValue;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Everything one proxy should hold. */
public record Snapshot(
    ResourceSet clusters,
    ResourceSet endpoints,
    ResourceSet listeners,
    ResourceSet routes,
    ResourceSet secrets) {
  /** Nothing. */
  public static final Snapshot EMPTY =
      new Snapshot(
          ResourceSet.EMPTY,
          ResourceSet.EMPTY,
          ResourceSet.EMPTY,
          ResourceSet.EMPTY,
          ResourceSet.EMPTY);

  /** The resources of a type. */
  public ResourceSet of(ResourceType type) {
    return switch (type) {
      case CLUSTER -> clusters;
      case ENDPOINT -> endpoints;
      case LISTENER -> listeners;
      case ROUTE -> routes;
      case SECRET -> secrets;
    };
  }

  /**
   * The answer to a name nobody makes. Envoy ignores removals of load assignments and routes and
   * would keep waiting, so these are answered with an empty one; null for the types where absence
   * can be said.
   */
  public static @Nullable EncodedResource absent(ResourceType type, String name) {
    return switch (type) {
      case ENDPOINT ->
          EncodedResource.of(
              type,
              name,
              ClusterLoadAssignment.newBuilder().setClusterName(name).build(),
              List.of());
      case ROUTE ->
          EncodedResource.of(
              type,
              name,
              RouteConfiguration.newBuilder()
                  .setName(name)
                  .setValidateClusters(BoolValue.of(false))
                  .build(),
              List.of());
      case CLUSTER, LISTENER, SECRET -> null;
    };
  }
}
