package io.portolan.xds.generate.endpoint;

import com.google.protobuf.Struct;
import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.core.v3.HealthStatus;
import io.envoyproxy.envoy.config.core.v3.Locality;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.portolan.registry.model.Health;
import io.portolan.xds.generate.Wire;
import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.ResourceType;
import io.portolan.xds.view.AssignmentView;
import java.util.List;

/** Makes load assignments. */
public final class AssignmentGenerator {
  private static final Metadata MESH_TLS = secured(Wire.struct("tlsMode", "istio"));

  private AssignmentGenerator() {}

  private static Metadata secured(Struct match) {
    return Metadata.newBuilder().putFilterMetadata("envoy.transport_socket_match", match).build();
  }

  private static Metadata secured(AssignmentView.Host host) {
    return host.target().isEmpty() ? MESH_TLS : secured(Wire.target(host.target()));
  }

  /** The load assignment of a view; without endpoints it empties the cluster. */
  public static EncodedResource generate(AssignmentView view, List<String> sources) {
    return EncodedResource.of(ResourceType.ENDPOINT, view.cluster(), message(view), sources);
  }

  /** The message of a view. */
  public static ClusterLoadAssignment message(AssignmentView view) {
    ClusterLoadAssignment.Builder assignment =
        ClusterLoadAssignment.newBuilder().setClusterName(view.cluster());
    view.groups().forEach(group -> assignment.addEndpoints(group(group)));
    return assignment.build();
  }

  private static LocalityLbEndpoints group(AssignmentView.Group group) {
    LocalityLbEndpoints.Builder endpoints =
        LocalityLbEndpoints.newBuilder().setPriority(group.priority());
    if (!group.locality().isUnknown()) {
      endpoints.setLocality(
          Locality.newBuilder()
              .setRegion(group.locality().region())
              .setZone(group.locality().zone())
              .setSubZone(group.locality().subzone()));
    }
    int total = 0;
    for (AssignmentView.Host host : group.hosts()) {
      endpoints.addLbEndpoints(host(host));
      total += host.weight();
    }
    return endpoints.setLoadBalancingWeight(UInt32Value.of(total)).build();
  }

  private static LbEndpoint host(AssignmentView.Host host) {
    LbEndpoint.Builder endpoint =
        LbEndpoint.newBuilder()
            .setEndpoint(endpoint(host))
            .setHealthStatus(health(host.health()))
            .setLoadBalancingWeight(UInt32Value.of(host.weight()));
    if (!host.workload().isEmpty()) {
      Metadata.Builder metadata =
          host.meshTls() ? secured(host).toBuilder() : Metadata.newBuilder();
      metadata.putFilterMetadata("istio", Wire.struct("workload", host.workload()));
      endpoint.setMetadata(metadata);
    } else if (host.meshTls()) {
      endpoint.setMetadata(secured(host));
    }
    return endpoint.build();
  }

  /** A dual-stack host is one host: Envoy tries its other addresses when the first is slow. */
  private static Endpoint endpoint(AssignmentView.Host host) {
    Endpoint.Builder endpoint =
        Endpoint.newBuilder().setAddress(Wire.address(host.address(), host.port()));
    host.otherAddresses()
        .forEach(
            other ->
                endpoint.addAdditionalAddresses(
                    Endpoint.AdditionalAddress.newBuilder()
                        .setAddress(Wire.address(other, host.port()))));
    return endpoint.build();
  }

  private static HealthStatus health(Health health) {
    return switch (health) {
      case HEALTHY -> HealthStatus.HEALTHY;
      case UNHEALTHY -> HealthStatus.UNHEALTHY;
      case DRAINING -> HealthStatus.DRAINING;
    };
  }
}
