package io.portolan.registry.model;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How traffic to a destination is balanced, pooled and secured; null parts are not set.
 *
 * @param loadBalancer algorithm and locality settings
 * @param connectionPool limits
 * @param outlierDetection ejection of failing endpoints
 * @param tls client TLS settings
 */
public record TrafficPolicy(
    @Nullable LoadBalancer loadBalancer,
    @Nullable ConnectionPool connectionPool,
    @Nullable OutlierDetection outlierDetection,
    @Nullable Tls tls) {
  /** Nothing set. */
  public static final TrafficPolicy NONE = new TrafficPolicy(null, null, null, null);

  /** This policy with unset parts taken from {@code base}. */
  public TrafficPolicy over(TrafficPolicy base) {
    return new TrafficPolicy(
        loadBalancer != null ? loadBalancer : base.loadBalancer,
        connectionPool != null ? connectionPool : base.connectionPool,
        outlierDetection != null ? outlierDetection : base.outlierDetection,
        tls != null ? tls : base.tls);
  }

  /** Balancing algorithms. */
  public enum Algorithm {
    LEAST_REQUEST,
    ROUND_ROBIN,
    RANDOM,
    PASSTHROUGH
  }

  /** Balancing: {@code locality} null means the mesh default. */
  public record LoadBalancer(Algorithm algorithm, @Nullable LocalityLb locality) {}

  /**
   * Locality settings.
   *
   * @param enabled whether localities count at all
   * @param distribute shares of traffic for callers of a place; no two are for the same place
   * @param failover from a region to the region that follows it
   * @param failoverPriority ordered labels whose equality makes the priority; {@code label=value}
   *     compares with that value in place of the caller's
   */
  public record LocalityLb(
      boolean enabled,
      List<Distribute> distribute,
      Map<String, String> failover,
      List<String> failoverPriority) {
    public LocalityLb {
      distribute = List.copyOf(distribute);
      failover = Map.copyOf(failover);
      failoverPriority = List.copyOf(failoverPriority);
    }

    /** The label of an entry of {@code failoverPriority}. */
    public static String labelName(String entry) {
      int equal = entry.indexOf('=');
      return equal < 0 ? entry : entry.substring(0, equal);
    }
  }

  /**
   * Shares of traffic.
   *
   * @param from {@link LocalityPattern} of the callers
   * @param to share in percent by {@link LocalityPattern}; they sum to 100 and overlap nowhere
   */
  public record Distribute(String from, Map<String, Integer> to) {
    public Distribute {
      to = Map.copyOf(to);
    }
  }

  /** Limits; 0 or null is unset. Counts are connections or requests, durations are exact. */
  public record ConnectionPool(
      int maxConnections,
      @Nullable Duration connectTimeout,
      int http1MaxPendingRequests,
      int http2MaxRequests,
      int maxRequestsPerConnection,
      int maxRetries,
      @Nullable Duration idleTimeout,
      @Nullable TcpKeepalive tcpKeepalive) {}

  /**
   * TCP keepalive of connections to endpoints.
   *
   * @param probes unanswered probes that end a connection, 0 for the system's
   * @param time idle before the first probe, null for the system's; whole seconds count
   * @param interval between probes, null for the system's; whole seconds count
   */
  public record TcpKeepalive(int probes, @Nullable Duration time, @Nullable Duration interval) {}

  /** Ejection; null or 0 is unset, {@code maxEjectionPercent} 0..100 or -1 for unset. */
  public record OutlierDetection(
      int consecutive5xxErrors,
      int consecutiveGatewayErrors,
      @Nullable Duration interval,
      @Nullable Duration baseEjectionTime,
      int maxEjectionPercent) {}

  /** Client TLS modes. */
  public enum TlsMode {
    DISABLE,
    SIMPLE,
    MUTUAL,
    ISTIO_MUTUAL
  }

  /** Client TLS settings. */
  public record Tls(TlsMode mode, String sni, List<String> subjectAltNames) {
    public Tls {
      subjectAltNames = List.copyOf(subjectAltNames);
    }
  }
}
