package io.portolan.xds.generate.cluster;

import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.cluster.v3.OutlierDetection;
import io.envoyproxy.envoy.config.cluster.v3.UpstreamConnectionOptions;
import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.KeepaliveSettings;
import io.envoyproxy.envoy.config.core.v3.TcpKeepalive;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.TrafficPolicy;
import io.portolan.xds.generate.Wire;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Traffic policies as parts of a cluster. */
final class Policies {
  static final String HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

  // Envoy's default of 3 concurrent retries would undo failover: a dead gateway is one retry each.
  private static final int PLENTY = 1_000_000;

  private Policies() {}

  static Cluster.LbPolicy lbPolicy(TrafficPolicy.@Nullable LoadBalancer balancer) {
    if (balancer == null) {
      return Cluster.LbPolicy.LEAST_REQUEST;
    }
    return switch (balancer.algorithm()) {
      case LEAST_REQUEST, PASSTHROUGH -> Cluster.LbPolicy.LEAST_REQUEST;
      case ROUND_ROBIN -> Cluster.LbPolicy.ROUND_ROBIN;
      case RANDOM -> Cluster.LbPolicy.RANDOM;
    };
  }

  static CircuitBreakers circuitBreakers(TrafficPolicy.@Nullable ConnectionPool pool) {
    return CircuitBreakers.newBuilder()
        .addThresholds(
            CircuitBreakers.Thresholds.newBuilder()
                .setMaxConnections(limit(pool == null ? 0 : pool.maxConnections()))
                .setMaxPendingRequests(limit(pool == null ? 0 : pool.http1MaxPendingRequests()))
                .setMaxRequests(limit(pool == null ? 0 : pool.http2MaxRequests()))
                .setMaxRetries(limit(pool == null ? 0 : pool.maxRetries())))
        .build();
  }

  /** TCP keepalive of connections to endpoints, where the policy has one. */
  static Optional<UpstreamConnectionOptions> keepalive(
      TrafficPolicy.@Nullable ConnectionPool pool) {
    TrafficPolicy.TcpKeepalive policy = pool == null ? null : pool.tcpKeepalive();
    if (policy == null) {
      return Optional.empty();
    }
    TcpKeepalive.Builder keepalive = TcpKeepalive.newBuilder();
    if (policy.probes() > 0) {
      keepalive.setKeepaliveProbes(UInt32Value.of(policy.probes()));
    }
    if (policy.time() != null) {
      keepalive.setKeepaliveTime(seconds(policy.time()));
    }
    if (policy.interval() != null) {
      keepalive.setKeepaliveInterval(seconds(policy.interval()));
    }
    return Optional.of(UpstreamConnectionOptions.newBuilder().setTcpKeepalive(keepalive).build());
  }

  /** Whole seconds within what sockets take: 1 to 32767. */
  private static UInt32Value seconds(Duration span) {
    return UInt32Value.of(Math.clamp(span.toSeconds(), 1, Short.MAX_VALUE));
  }

  private static UInt32Value limit(int value) {
    return UInt32Value.of(value > 0 ? value : PLENTY);
  }

  /**
   * Ejection of endpoints that do not answer, on by default: it is what moves traffic to the next
   * priority before the control plane hears of a failure. Errors of the application do not eject
   * unless the policy says so.
   */
  static OutlierDetection outlierDetection(TrafficPolicy.@Nullable OutlierDetection policy) {
    OutlierDetection.Builder detection =
        OutlierDetection.newBuilder()
            .setSplitExternalLocalOriginErrors(true)
            .setConsecutive5Xx(UInt32Value.of(0))
            .setConsecutiveGatewayFailure(UInt32Value.of(3))
            .setEnforcingConsecutiveGatewayFailure(UInt32Value.of(100))
            .setConsecutiveLocalOriginFailure(UInt32Value.of(3))
            .setEnforcingConsecutiveLocalOriginFailure(UInt32Value.of(100))
            .setEnforcingSuccessRate(UInt32Value.of(0))
            .setEnforcingLocalOriginSuccessRate(UInt32Value.of(0))
            .setInterval(Wire.seconds(1))
            .setBaseEjectionTime(Wire.seconds(5))
            .setMaxEjectionPercent(UInt32Value.of(100));
    if (policy == null) {
      return detection.build();
    }
    if (policy.consecutive5xxErrors() > 0) {
      detection.setConsecutive5Xx(UInt32Value.of(policy.consecutive5xxErrors()));
    }
    if (policy.consecutiveGatewayErrors() > 0) {
      detection.setConsecutiveGatewayFailure(UInt32Value.of(policy.consecutiveGatewayErrors()));
    }
    if (policy.interval() != null) {
      detection.setInterval(Wire.duration(policy.interval()));
    }
    if (policy.baseEjectionTime() != null) {
      detection.setBaseEjectionTime(Wire.duration(policy.baseEjectionTime()));
    }
    if (policy.maxEjectionPercent() >= 0) {
      detection.setMaxEjectionPercent(UInt32Value.of(policy.maxEjectionPercent()));
    }
    return detection.build();
  }

  /**
   * HTTP options. The keepalive of HTTP/2 finds a silent peer within two seconds, whatever the
   * length of requests; without it a frozen gateway would hold requests for ever.
   */
  static Optional<io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions>
      protocolOptions(
          PortProtocol protocol, boolean http2, TrafficPolicy.@Nullable ConnectionPool pool) {
    if (!protocol.isHttp()) {
      return Optional.empty();
    }
    var explicit =
        io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig
            .newBuilder();
    if (http2) {
      explicit.setHttp2ProtocolOptions(
          Http2ProtocolOptions.newBuilder()
              .setAllowConnect(true)
              .setConnectionKeepalive(
                  KeepaliveSettings.newBuilder()
                      .setInterval(Wire.seconds(1))
                      .setTimeout(Wire.seconds(1))));
    } else {
      explicit.setHttpProtocolOptions(Http1ProtocolOptions.getDefaultInstance());
    }
    var options =
        io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions.newBuilder()
            .setExplicitHttpConfig(explicit);
    HttpProtocolOptions.Builder common = HttpProtocolOptions.newBuilder();
    boolean set = false;
    if (pool != null && pool.maxRequestsPerConnection() > 0) {
      common.setMaxRequestsPerConnection(UInt32Value.of(pool.maxRequestsPerConnection()));
      set = true;
    }
    if (pool != null && pool.idleTimeout() != null) {
      common.setIdleTimeout(Wire.duration(pool.idleTimeout()));
      set = true;
    }
    if (set) {
      options.setCommonHttpProtocolOptions(common);
    }
    return Optional.of(options.build());
  }
}
