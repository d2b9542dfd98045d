package io.portolan.xds.generate.cluster;

import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.BindConfig;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer;
import io.envoyproxy.envoy.type.v3.Percent;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.TrafficPolicy;
import io.portolan.xds.generate.Wire;
import io.portolan.xds.generate.secret.TlsContexts;
import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.ResourceType;
import io.portolan.xds.view.ClusterView;
import io.portolan.xds.view.InboundClusterView;
import java.util.List;

/** Makes clusters. */
public final class ClusterGenerator {
  /** Closes what is sent to it. */
  public static final String BLACK_HOLE = "BlackHoleCluster";

  /** Sends on to the original destination. */
  public static final String PASSTHROUGH = "PassthroughCluster";

  /** Source of redirected inbound connections, which the interception rules let pass. */
  private static final String INBOUND_SOURCE = "127.0.0.6";

  private ClusterGenerator() {}

  /** An outbound cluster. */
  public static EncodedResource generate(ClusterView view) {
    Cluster message = message(view);
    return view.resolution() == Resolution.STATIC
        ? EncodedResource.cluster(view.name(), message, view.name(), view.sources())
        : EncodedResource.of(ResourceType.CLUSTER, view.name(), message, view.sources());
  }

  static Cluster message(ClusterView view) {
    Cluster.Builder cluster =
        Cluster.newBuilder()
            .setName(view.name())
            .setConnectTimeout(Wire.duration(view.connectTimeout()))
            .setCommonLbConfig(
                Cluster.CommonLbConfig.newBuilder()
                    .setHealthyPanicThreshold(Percent.getDefaultInstance())
                    .setUpdateMergeWindow(Wire.seconds(0)))
            .setCircuitBreakers(Policies.circuitBreakers(view.policy().connectionPool()));
    discovery(cluster, view);
    if (view.resolution() == Resolution.STATIC) {
      cluster.setOutlierDetection(Policies.outlierDetection(view.policy().outlierDetection()));
    }
    if (!view.passthrough()) {
      Policies.protocolOptions(view.protocol(), view.http2(), view.policy().connectionPool())
          .ifPresent(
              o -> cluster.putTypedExtensionProtocolOptions(Policies.HTTP_OPTIONS, Wire.any(o)));
      transport(cluster, view);
    }
    return cluster.build();
  }

  private static void discovery(Cluster.Builder cluster, ClusterView view) {
    switch (view.resolution()) {
      case STATIC -> {
        cluster.setType(Cluster.DiscoveryType.EDS);
        cluster.setEdsClusterConfig(Cluster.EdsClusterConfig.newBuilder().setEdsConfig(Wire.ads()));
        cluster.setLbPolicy(Policies.lbPolicy(view.policy().loadBalancer()));
      }
      case DNS -> {
        cluster.setType(Cluster.DiscoveryType.STRICT_DNS);
        cluster.setLoadAssignment(dns(view));
        cluster.setLbPolicy(Policies.lbPolicy(view.policy().loadBalancer()));
      }
      case DNS_ROUND_ROBIN -> {
        cluster.setType(Cluster.DiscoveryType.LOGICAL_DNS);
        cluster.setLoadAssignment(dns(view));
        cluster.setLbPolicy(Policies.lbPolicy(view.policy().loadBalancer()));
      }
      case NONE -> {
        cluster.setType(Cluster.DiscoveryType.ORIGINAL_DST);
        cluster.setLbPolicy(Cluster.LbPolicy.CLUSTER_PROVIDED);
      }
    }
  }

  private static ClusterLoadAssignment dns(ClusterView view) {
    LocalityLbEndpoints.Builder group = LocalityLbEndpoints.newBuilder();
    // A logical DNS cluster has exactly one name.
    int limit = view.resolution() == Resolution.DNS_ROUND_ROBIN ? 1 : Integer.MAX_VALUE;
    view.dnsEndpoints().stream()
        .limit(limit)
        .forEach(
            e ->
                group.addLbEndpoints(
                    LbEndpoint.newBuilder()
                        .setEndpoint(
                            Endpoint.newBuilder().setAddress(Wire.address(e.address(), e.port())))
                        .setLoadBalancingWeight(UInt32Value.of(e.weight()))));
    return ClusterLoadAssignment.newBuilder()
        .setClusterName(view.name())
        .addEndpoints(group)
        .build();
  }

  private static void transport(Cluster.Builder cluster, ClusterView view) {
    TrafficPolicy.Tls tls = view.policy().tls();
    TrafficPolicy.TlsMode mode = tls == null ? null : tls.mode();
    if (mode == TrafficPolicy.TlsMode.SIMPLE && tls != null) {
      String sni = tls.sni().isEmpty() ? view.hostname() : tls.sni();
      cluster.setTransportSocket(TlsContexts.system(sni, tls.subjectAltNames()));
      return;
    }
    if (mode == TrafficPolicy.TlsMode.DISABLE || (mode == null && !view.meshTls())) {
      return;
    }
    TransportSocket mutual =
        TlsContexts.client(
            ClusterView.sni(view.port(), view.subset(), view.hostname()),
            view.identities(),
            alpn(view));
    if (mode == TrafficPolicy.TlsMode.ISTIO_MUTUAL) {
      cluster.setTransportSocket(mutual);
      return;
    }
    cluster.addTransportSocketMatches(
        Cluster.TransportSocketMatch.newBuilder()
            .setName("tlsMode-istio")
            .setMatch(Wire.struct("tlsMode", "istio"))
            .setTransportSocket(mutual));
    cluster.addTransportSocketMatches(
        Cluster.TransportSocketMatch.newBuilder()
            .setName("tlsMode-disabled")
            .setMatch(com.google.protobuf.Struct.getDefaultInstance())
            .setTransportSocket(
                TransportSocket.newBuilder()
                    .setName("envoy.transport_sockets.raw_buffer")
                    .setTypedConfig(Wire.any(RawBuffer.getDefaultInstance()))));
  }

  /** {@code istio} last: sidecars of other control planes tell mesh connections by it. */
  private static List<String> alpn(ClusterView view) {
    if (view.http2()) {
      return List.of("h2", "istio");
    }
    return view.protocol().isHttp() ? List.of("http/1.1", "istio") : List.of("istio");
  }

  /** A cluster that leads to the workload itself. */
  public static EncodedResource generate(InboundClusterView view) {
    Cluster.Builder cluster =
        Cluster.newBuilder()
            .setName(view.name())
            .setConnectTimeout(Wire.seconds(10))
            .setCircuitBreakers(Policies.circuitBreakers(null));
    if (view.address().isEmpty()) {
      cluster
          .setType(Cluster.DiscoveryType.ORIGINAL_DST)
          .setLbPolicy(Cluster.LbPolicy.CLUSTER_PROVIDED)
          .setUpstreamBindConfig(
              BindConfig.newBuilder()
                  .setSourceAddress(
                      SocketAddress.newBuilder().setAddress(INBOUND_SOURCE).setPortValue(0)));
    } else {
      cluster
          .setType(Cluster.DiscoveryType.STATIC)
          .setLoadAssignment(
              ClusterLoadAssignment.newBuilder()
                  .setClusterName(view.name())
                  .addEndpoints(
                      LocalityLbEndpoints.newBuilder()
                          .addLbEndpoints(
                              LbEndpoint.newBuilder()
                                  .setEndpoint(
                                      Endpoint.newBuilder()
                                          .setAddress(
                                              Wire.address(view.address(), view.port()))))));
    }
    Policies.protocolOptions(view.protocol(), view.protocol().isHttp2(), null)
        .ifPresent(
            o -> cluster.putTypedExtensionProtocolOptions(Policies.HTTP_OPTIONS, Wire.any(o)));
    return EncodedResource.of(ResourceType.CLUSTER, view.name(), cluster.build(), view.sources());
  }

  /** The cluster without endpoints. */
  public static EncodedResource blackHole() {
    return EncodedResource.of(
        ResourceType.CLUSTER,
        BLACK_HOLE,
        Cluster.newBuilder()
            .setName(BLACK_HOLE)
            .setType(Cluster.DiscoveryType.STATIC)
            .setConnectTimeout(Wire.seconds(10))
            .build(),
        List.of("built in"));
  }

  /** The cluster that sends on to the original destination. */
  public static EncodedResource passthrough() {
    return EncodedResource.of(
        ResourceType.CLUSTER,
        PASSTHROUGH,
        Cluster.newBuilder()
            .setName(PASSTHROUGH)
            .setType(Cluster.DiscoveryType.ORIGINAL_DST)
            .setLbPolicy(Cluster.LbPolicy.CLUSTER_PROVIDED)
            .setConnectTimeout(Wire.seconds(10))
            .setCircuitBreakers(Policies.circuitBreakers(null))
            .build(),
        List.of("built in"));
  }
}
