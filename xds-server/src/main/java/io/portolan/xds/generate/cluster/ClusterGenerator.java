package io.portolan.xds.generate.cluster;

import com.google.protobuf.Struct;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.BindConfig;
import io.envoyproxy.envoy.config.core.v3.ExtraSourceAddress;
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
import io.portolan.xds.generate.endpoint.AssignmentGenerator;
import io.portolan.xds.generate.secret.TlsContexts;
import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.ResourceType;
import io.portolan.xds.view.AssignmentView;
import io.portolan.xds.view.ClusterView;
import io.portolan.xds.view.InboundClusterView;
import io.portolan.xds.view.IpFamilies;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes clusters. */
public final class ClusterGenerator {
  /** Closes what is sent to it. */
  public static final String BLACK_HOLE = "BlackHoleCluster";

  /** Sends on to the original destination. */
  public static final String PASSTHROUGH = "PassthroughCluster";

  /** Sources of redirected inbound connections, which the interception rules let pass. */
  private static final String INBOUND_SOURCE = "127.0.0.6";

  private static final String INBOUND_SOURCE_IPV6 = "::6";

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
            .setCommonLbConfig(balancing(view))
            .setCircuitBreakers(Policies.circuitBreakers(view.policy().connectionPool()));
    discovery(cluster, view);
    // Whoever has priorities needs to see failures, or they are never left.
    if (view.resolution() != Resolution.NONE) {
      cluster.setOutlierDetection(Policies.outlierDetection(view.policy().outlierDetection()));
    }
    Policies.keepalive(view.policy().connectionPool())
        .ifPresent(cluster::setUpstreamConnectionOptions);
    if (!view.passthrough()) {
      Policies.protocolOptions(view.protocol(), view.http2(), view.policy().connectionPool())
          .ifPresent(
              o -> cluster.putTypedExtensionProtocolOptions(Policies.HTTP_OPTIONS, Wire.any(o)));
      transport(cluster, view);
    }
    return cluster.build();
  }

  private static Cluster.CommonLbConfig balancing(ClusterView view) {
    Cluster.CommonLbConfig.Builder config =
        Cluster.CommonLbConfig.newBuilder()
            .setHealthyPanicThreshold(Percent.getDefaultInstance())
            .setUpdateMergeWindow(Wire.seconds(0));
    if (view.localityWeighted()) {
      config.setLocalityWeightedLbConfig(
          Cluster.CommonLbConfig.LocalityWeightedLbConfig.getDefaultInstance());
    }
    return config.build();
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
        dns(cluster, view, view.hosts());
      }
      case DNS_ROUND_ROBIN -> {
        cluster.setType(Cluster.DiscoveryType.LOGICAL_DNS);
        dns(cluster, view, view.hosts() == null ? null : firstName(view.hosts()));
      }
      case NONE -> {
        cluster.setType(Cluster.DiscoveryType.ORIGINAL_DST);
        cluster.setLbPolicy(Cluster.LbPolicy.CLUSTER_PROVIDED);
      }
    }
  }

  private static void dns(
      Cluster.Builder cluster, ClusterView view, @Nullable AssignmentView hosts) {
    if (hosts != null) {
      cluster.setLoadAssignment(AssignmentGenerator.message(hosts));
    }
    cluster.setLbPolicy(Policies.lbPolicy(view.policy().loadBalancer()));
    cluster.setDnsLookupFamily(
        switch (view.families()) {
          case IPV4 -> Cluster.DnsLookupFamily.V4_ONLY;
          case IPV6 -> Cluster.DnsLookupFamily.V6_ONLY;
          case BOTH -> Cluster.DnsLookupFamily.ALL;
        });
  }

  /** A logical DNS cluster has exactly one name. */
  private static AssignmentView firstName(AssignmentView hosts) {
    for (AssignmentView.Group group : hosts.groups()) {
      for (AssignmentView.Host host : group.hosts()) {
        if (!host.isLiteral()) {
          AssignmentView.Group only = new AssignmentView.Group(group.locality(), 0, List.of(host));
          return new AssignmentView(hosts.cluster(), List.of(only), false, List.of());
        }
      }
    }
    return hosts;
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
    boolean always = mode == TrafficPolicy.TlsMode.ISTIO_MUTUAL;
    if (always && view.targets().isEmpty()) {
      cluster.setTransportSocket(mutual);
      return;
    }
    for (ClusterView.Target target : view.targets()) {
      cluster.addTransportSocketMatches(
          match(
              "tlsMode-istio-" + target.sni(),
              Wire.target(target.sni()),
              TlsContexts.client(target.sni(), target.identities(), alpn(view))));
    }
    if (always) {
      cluster.addTransportSocketMatches(
          match("tlsMode-istio", Struct.getDefaultInstance(), mutual));
      return;
    }
    cluster.addTransportSocketMatches(
        match("tlsMode-istio", Wire.struct("tlsMode", "istio"), mutual));
    cluster.addTransportSocketMatches(
        match(
            "tlsMode-disabled",
            Struct.getDefaultInstance(),
            TransportSocket.newBuilder()
                .setName("envoy.transport_sockets.raw_buffer")
                .setTypedConfig(Wire.any(RawBuffer.getDefaultInstance()))
                .build()));
  }

  private static Cluster.TransportSocketMatch match(
      String name, Struct endpoint, TransportSocket socket) {
    return Cluster.TransportSocketMatch.newBuilder()
        .setName(name)
        .setMatch(endpoint)
        .setTransportSocket(socket)
        .build();
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
          .setUpstreamBindConfig(inboundSource(view.families()));
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

  private static BindConfig inboundSource(IpFamilies families) {
    return switch (families) {
      case IPV4 -> BindConfig.newBuilder().setSourceAddress(source(INBOUND_SOURCE)).build();
      case IPV6 -> BindConfig.newBuilder().setSourceAddress(source(INBOUND_SOURCE_IPV6)).build();
      case BOTH ->
          BindConfig.newBuilder()
              .setSourceAddress(source(INBOUND_SOURCE))
              .addExtraSourceAddresses(
                  ExtraSourceAddress.newBuilder().setAddress(source(INBOUND_SOURCE_IPV6)))
              .build();
    };
  }

  private static SocketAddress source(String address) {
    return SocketAddress.newBuilder().setAddress(address).setPortValue(0).build();
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
