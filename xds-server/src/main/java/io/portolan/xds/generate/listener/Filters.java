package io.portolan.xds.generate.listener;

import com.google.protobuf.BoolValue;
import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.ListenerFilter;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.listener.original_dst.v3.OriginalDst;
import io.envoyproxy.envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.Rds;
import io.envoyproxy.envoy.extensions.filters.network.sni_cluster.v3.SniCluster;
import io.envoyproxy.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy;
import io.portolan.xds.generate.Wire;
import io.portolan.xds.view.RouteView;
import java.util.List;

/** The filters listeners are made of. */
final class Filters {
  private static final int CONNECT_ATTEMPTS = 4;

  private Filters() {}

  static HttpConnectionManager.Builder http(String statPrefix) {
    return HttpConnectionManager.newBuilder()
        .setStatPrefix(statPrefix)
        .setCodecType(HttpConnectionManager.CodecType.AUTO)
        .setHttp2ProtocolOptions(Http2ProtocolOptions.newBuilder().setAllowConnect(true))
        .setStreamIdleTimeout(Wire.seconds(0))
        .setNormalizePath(BoolValue.of(true))
        .addUpgradeConfigs(
            HttpConnectionManager.UpgradeConfig.newBuilder().setUpgradeType("websocket"))
        .addHttpFilters(router());
  }

  static HttpFilter router() {
    return HttpFilter.newBuilder()
        .setName("envoy.filters.http.router")
        .setTypedConfig(Wire.any(Router.getDefaultInstance()))
        .build();
  }

  static Filter routed(HttpConnectionManager.Builder manager, String routes) {
    return connectionManager(
        manager.setRds(Rds.newBuilder().setRouteConfigName(routes).setConfigSource(Wire.ads())));
  }

  /** Inbound HTTP: everything goes to one cluster, and the peer's identity goes with it. */
  static Filter inbound(String cluster, int port) {
    return connectionManager(
        http("inbound_" + port)
            .setForwardClientCertDetails(
                HttpConnectionManager.ForwardClientCertDetails.SANITIZE_SET)
            .setSetCurrentClientCertDetails(
                HttpConnectionManager.SetCurrentClientCertDetails.newBuilder()
                    .setSubject(BoolValue.of(true))
                    .setUri(true))
            .setRouteConfig(
                RouteConfiguration.newBuilder()
                    .setName(cluster)
                    .setValidateClusters(BoolValue.of(false))
                    .addVirtualHosts(
                        VirtualHost.newBuilder()
                            .setName("inbound|http|" + port)
                            .addDomains("*")
                            .addRoutes(
                                Route.newBuilder()
                                    .setName("default")
                                    .setMatch(RouteMatch.newBuilder().setPrefix("/"))
                                    .setRoute(
                                        RouteAction.newBuilder()
                                            .setCluster(cluster)
                                            .setTimeout(Wire.seconds(0)))))));
  }

  private static Filter connectionManager(HttpConnectionManager.Builder manager) {
    return Filter.newBuilder()
        .setName("envoy.filters.network.http_connection_manager")
        .setTypedConfig(Wire.any(manager.build()))
        .build();
  }

  static Filter tcp(String statPrefix, String cluster) {
    return tcp(TcpProxy.newBuilder().setStatPrefix(statPrefix).setCluster(cluster));
  }

  /** Counted under the name of the first cluster. */
  static Filter tcp(List<RouteView.Target> targets) {
    String first = targets.getFirst().cluster();
    if (targets.size() == 1) {
      return tcp(first, first);
    }
    TcpProxy.WeightedCluster.Builder weighted = TcpProxy.WeightedCluster.newBuilder();
    targets.forEach(
        t ->
            weighted.addClusters(
                TcpProxy.WeightedCluster.ClusterWeight.newBuilder()
                    .setName(t.cluster())
                    .setWeight(t.weight())));
    return tcp(TcpProxy.newBuilder().setStatPrefix(first).setWeightedClusters(weighted));
  }

  private static Filter tcp(TcpProxy.Builder proxy) {
    return Filter.newBuilder()
        .setName("envoy.filters.network.tcp_proxy")
        .setTypedConfig(
            Wire.any(proxy.setMaxConnectAttempts(UInt32Value.of(CONNECT_ATTEMPTS)).build()))
        .build();
  }

  /** Names the cluster of the connection after its SNI. */
  static Filter sniCluster() {
    return Filter.newBuilder()
        .setName("envoy.filters.network.sni_cluster")
        .setTypedConfig(Wire.any(SniCluster.getDefaultInstance()))
        .build();
  }

  static ListenerFilter tlsInspector() {
    return ListenerFilter.newBuilder()
        .setName("envoy.filters.listener.tls_inspector")
        .setTypedConfig(Wire.any(TlsInspector.getDefaultInstance()))
        .build();
  }

  static ListenerFilter originalDestination() {
    return ListenerFilter.newBuilder()
        .setName("envoy.filters.listener.original_dst")
        .setTypedConfig(Wire.any(OriginalDst.getDefaultInstance()))
        .build();
  }
}
