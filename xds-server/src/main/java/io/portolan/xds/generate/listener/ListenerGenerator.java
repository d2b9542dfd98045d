package io.portolan.xds.generate.listener;

import com.google.protobuf.BoolValue;
import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.core.v3.TrafficDirection;
import io.envoyproxy.envoy.config.listener.v3.AdditionalAddress;
import io.envoyproxy.envoy.config.listener.v3.ApiListener;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.FilterChainMatch;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.Rds;
import io.portolan.xds.generate.Wire;
import io.portolan.xds.generate.cluster.ClusterGenerator;
import io.portolan.xds.generate.secret.TlsContexts;
import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.ResourceType;
import io.portolan.xds.view.ListenAddress;
import io.portolan.xds.view.ListenerView;
import java.util.List;

/** Makes listeners. */
public final class ListenerGenerator {
  private static final int OUTBOUND_PORT = 15001;
  private static final int INBOUND_PORT = 15006;
  // A negotiated name decides the codec: anything but h2 is read as HTTP/1.
  private static final List<String> HTTP_ALPN = List.of("h2", "http/1.1");
  private static final List<String> TCP_ALPN = List.of("istio");

  private ListenerGenerator() {}

  /** The listener of a view. */
  public static EncodedResource generate(ListenerView view) {
    return EncodedResource.of(ResourceType.LISTENER, view.name(), message(view), view.sources());
  }

  static Listener message(ListenerView view) {
    return switch (view) {
      case ListenerView.OutboundHttp v -> outboundHttp(v);
      case ListenerView.OutboundTcp v -> outboundTcp(v);
      case ListenerView.VirtualOutbound v -> virtualOutbound(v);
      case ListenerView.VirtualInbound v -> virtualInbound(v);
      case ListenerView.Inbound v -> inbound(v);
      case ListenerView.GatewayL4 v -> gatewayL4(v);
      case ListenerView.GatewayHttp v -> gatewayHttp(v);
      case ListenerView.Api v -> api(v);
    };
  }

  /** One socket for each address: an IPv6 one takes IPv6 only, as is Envoy's default. */
  private static Listener.Builder listener(String name, ListenAddress address, int port) {
    Listener.Builder listener =
        Listener.newBuilder().setName(name).setAddress(Wire.address(address.first(), port));
    address
        .others()
        .forEach(
            other ->
                listener.addAdditionalAddresses(
                    AdditionalAddress.newBuilder().setAddress(Wire.address(other, port))));
    return listener;
  }

  private static Listener.Builder outbound(
      String name, ListenAddress address, int port, boolean bind) {
    Listener.Builder listener =
        listener(name, address, port).setTrafficDirection(TrafficDirection.OUTBOUND);
    if (!bind) {
      listener.setBindToPort(BoolValue.of(false));
    }
    return listener;
  }

  private static Listener outboundHttp(ListenerView.OutboundHttp view) {
    return outbound(view.name(), view.address(), view.port(), view.bind())
        .addFilterChains(
            FilterChain.newBuilder()
                .addFilters(Filters.routed(Filters.http("outbound_" + view.name()), view.routes())))
        .build();
  }

  private static Listener outboundTcp(ListenerView.OutboundTcp view) {
    return outbound(view.name(), view.address(), view.port(), view.bind())
        .addFilterChains(
            FilterChain.newBuilder().addFilters(Filters.tcp(view.cluster(), view.cluster())))
        .build();
  }

  private static FilterChain blocked(int port) {
    return FilterChain.newBuilder()
        .setName("block-" + port)
        .setFilterChainMatch(FilterChainMatch.newBuilder().setDestinationPort(UInt32Value.of(port)))
        .addFilters(Filters.tcp(ClusterGenerator.BLACK_HOLE, ClusterGenerator.BLACK_HOLE))
        .build();
  }

  private static Listener virtualOutbound(ListenerView.VirtualOutbound view) {
    String rest = view.allowAny() ? ClusterGenerator.PASSTHROUGH : ClusterGenerator.BLACK_HOLE;
    return outbound(view.name(), view.address(), OUTBOUND_PORT, true)
        .setUseOriginalDst(BoolValue.of(true))
        // Without it one connection to the port itself would loop through the proxy.
        .addFilterChains(blocked(OUTBOUND_PORT))
        .addFilterChains(
            FilterChain.newBuilder().setName("rest").addFilters(Filters.tcp(rest, rest)))
        .build();
  }

  private static Listener virtualInbound(ListenerView.VirtualInbound view) {
    Listener.Builder listener =
        listener(view.name(), view.address(), INBOUND_PORT)
            .setTrafficDirection(TrafficDirection.INBOUND)
            .addListenerFilters(Filters.originalDestination())
            .addListenerFilters(Filters.tlsInspector())
            .addFilterChains(blocked(OUTBOUND_PORT))
            .addFilterChains(blocked(INBOUND_PORT));
    for (ListenerView.InboundPort port : view.ports()) {
      listener.addFilterChains(
          chain(port)
              .setFilterChainMatch(
                  FilterChainMatch.newBuilder()
                      .setDestinationPort(UInt32Value.of(port.port()))
                      .setTransportProtocol("tls")));
    }
    return listener.build();
  }

  private static Listener inbound(ListenerView.Inbound view) {
    return listener(view.name(), view.address(), view.port().port())
        .setTrafficDirection(TrafficDirection.INBOUND)
        .addFilterChains(chain(view.port()))
        .build();
  }

  private static FilterChain.Builder chain(ListenerView.InboundPort port) {
    boolean http = port.protocol().isHttp();
    return FilterChain.newBuilder()
        .setName(port.cluster())
        .setTransportSocket(TlsContexts.server(http ? HTTP_ALPN : TCP_ALPN))
        .setTransportSocketConnectTimeout(Wire.seconds(15))
        .addFilters(
            http
                ? Filters.inbound(port.cluster(), port.port())
                : Filters.tcp("inbound_" + port.port(), port.cluster()));
  }

  private static Listener gatewayL4(ListenerView.GatewayL4 view) {
    Listener.Builder listener = listener(view.name(), view.address(), view.port());
    if (!view.autoNames().isEmpty() || view.chains().stream().anyMatch(ListenerView.L4Chain::tls)) {
      listener.addListenerFilters(Filters.tlsInspector());
    }
    for (ListenerView.L4Chain chain : view.chains()) {
      FilterChain.Builder made = FilterChain.newBuilder().addFilters(Filters.tcp(chain.targets()));
      if (chain.tls()) {
        made.setFilterChainMatch(tls(chain.serverNames()));
      }
      listener.addFilterChains(made);
    }
    if (!view.autoNames().isEmpty()) {
      listener.addFilterChains(
          FilterChain.newBuilder()
              .setName("sni")
              .setFilterChainMatch(
                  tls(view.autoNames().contains("*") ? List.of() : view.autoNames()))
              .addFilters(Filters.sniCluster())
              .addFilters(Filters.tcp("passthrough_" + view.port(), ClusterGenerator.BLACK_HOLE)));
    }
    return listener.build();
  }

  private static FilterChainMatch tls(List<String> serverNames) {
    return FilterChainMatch.newBuilder()
        .setTransportProtocol("tls")
        .addAllServerNames(serverNames)
        .build();
  }

  private static Listener gatewayHttp(ListenerView.GatewayHttp view) {
    return listener(view.name(), view.address(), view.port())
        .addFilterChains(
            FilterChain.newBuilder()
                .addFilters(
                    Filters.routed(
                        Filters.http("gateway_" + view.port())
                            .setUseRemoteAddress(BoolValue.of(true))
                            .setForwardClientCertDetails(
                                HttpConnectionManager.ForwardClientCertDetails.SANITIZE),
                        view.routes())))
        .build();
  }

  private static Listener api(ListenerView.Api view) {
    return Listener.newBuilder()
        .setName(view.name())
        .setApiListener(
            ApiListener.newBuilder()
                .setApiListener(
                    Wire.any(
                        HttpConnectionManager.newBuilder()
                            .setStatPrefix(view.name())
                            .setRds(
                                Rds.newBuilder()
                                    .setRouteConfigName(view.routes())
                                    .setConfigSource(Wire.ads()))
                            .addHttpFilters(Filters.router())
                            .build())))
        .build();
  }
}
