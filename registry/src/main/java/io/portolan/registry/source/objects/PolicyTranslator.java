package io.portolan.registry.source.objects;

import io.portolan.registry.model.DestinationRuleObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.TrafficPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Translates DestinationRules. */
final class PolicyTranslator {
  private static final int MANY = Integer.MAX_VALUE;

  /** Fields of {@code outlierDetection} that are found in {@code connectionPool.http}. */
  private static final List<String> EJECTION =
      List.of(
          "consecutiveGatewayErrors",
          "consecutive5xxErrors",
          "consecutiveErrors",
          "interval",
          "baseEjectionTime",
          "maxEjectionPercent",
          "minHealthPercent");

  private PolicyTranslator() {}

  static DestinationRuleObject destinationRule(
      ObjectRef ref, Origin origin, Fields spec, String domain) {
    String host = Hosts.qualified(spec.required("host"), ref.namespace(), domain);
    TrafficPolicy policy = policy(spec.object("trafficPolicy"));
    List<DestinationRuleObject.Subset> subsets =
        spec.objects(
            "subsets",
            s ->
                new DestinationRuleObject.Subset(
                    s.required("name"), s.stringMap("labels"), policy(s.object("trafficPolicy"))));
    List<String> exportTo = spec.strings("exportTo");
    spec.notServed("workloadSelector");
    return new DestinationRuleObject(ref, origin, host, policy, subsets, exportTo);
  }

  private static TrafficPolicy policy(@Nullable Fields policy) {
    if (policy == null) {
      return TrafficPolicy.NONE;
    }
    TrafficPolicy made =
        new TrafficPolicy(
            placed(policy, loadBalancer(policy.object("loadBalancer"))),
            pool(policy.object("connectionPool")),
            outlier(policy.object("outlierDetection")),
            tls(policy.object("tls")));
    policy.misplaced(
        "circuitBreaker",
        "outlierDetection, with outlierDetection.consecutive5xxErrors for consecutiveErrors, and"
            + " connectionPool for limits");
    policy.notServed("portLevelSettings", "tunnel", "proxyProtocol", "retryBudget");
    policy.finish();
    return made;
  }

  /** A locality setting beside the load balancer is one of it, where that has none itself. */
  private static TrafficPolicy.@Nullable LoadBalancer placed(
      Fields policy, TrafficPolicy.@Nullable LoadBalancer balancer) {
    String key = "localityLbSetting";
    TrafficPolicy.LocalityLb beside = LocalityReader.read(policy.object(key));
    if (beside == null) {
      return balancer;
    }
    boolean counts = balancer == null || balancer.locality() == null;
    policy
        .findings()
        .warning(
            policy.lineOf(key),
            policy.path(key),
            "is not a field of this block"
                + (counts ? ", read as" : ", what counts is")
                + " trafficPolicy.loadBalancer.localityLbSetting"
                + (counts ? " (expected that)" : ""));
    if (!counts) {
      return balancer;
    }
    return new TrafficPolicy.LoadBalancer(
        balancer == null ? TrafficPolicy.Algorithm.LEAST_REQUEST : balancer.algorithm(), beside);
  }

  private static TrafficPolicy.@Nullable LoadBalancer loadBalancer(@Nullable Fields lb) {
    if (lb == null) {
      return null;
    }
    TrafficPolicy.Algorithm algorithm =
        switch (lb.string("simple", "UNSPECIFIED")) {
          case "UNSPECIFIED", "LEAST_REQUEST", "LEAST_CONN" ->
              TrafficPolicy.Algorithm.LEAST_REQUEST;
          case "ROUND_ROBIN" -> TrafficPolicy.Algorithm.ROUND_ROBIN;
          case "RANDOM" -> TrafficPolicy.Algorithm.RANDOM;
          case "PASSTHROUGH" -> TrafficPolicy.Algorithm.PASSTHROUGH;
          default -> {
            lb.findings()
                .error(
                    lb.lineOf("simple"),
                    lb.path("simple"),
                    "expected LEAST_REQUEST, ROUND_ROBIN, RANDOM or PASSTHROUGH");
            yield TrafficPolicy.Algorithm.LEAST_REQUEST;
          }
        };
    TrafficPolicy.LocalityLb locality = LocalityReader.read(lb.object("localityLbSetting"));
    lb.notServed("consistentHash", "warmup", "warmupDurationSecs");
    lb.finish();
    return new TrafficPolicy.LoadBalancer(algorithm, locality);
  }

  private static TrafficPolicy.@Nullable ConnectionPool pool(@Nullable Fields pool) {
    if (pool == null) {
      return null;
    }
    int maxConnections = 0;
    Duration connectTimeout = null;
    TrafficPolicy.TcpKeepalive keepalive = null;
    Fields tcp = pool.object("tcp");
    if (tcp != null) {
      maxConnections = tcp.integer("maxConnections", 0, 0, MANY);
      connectTimeout = tcp.duration("connectTimeout");
      keepalive = keepalive(tcp.object("tcpKeepalive"));
      tcp.misplaced("keepAlive", "tcpKeepalive, with probes, time and interval");
      tcp.notServed("maxConnectionDuration", "idleTimeout");
      tcp.finish();
    }
    Fields http = pool.object("http");
    TrafficPolicy.ConnectionPool made =
        new TrafficPolicy.ConnectionPool(
            maxConnections,
            connectTimeout,
            http == null ? 0 : http.integer("http1MaxPendingRequests", 0, 0, MANY),
            http == null ? 0 : http.integer("http2MaxRequests", 0, 0, MANY),
            http == null ? 0 : http.integer("maxRequestsPerConnection", 0, 0, MANY),
            http == null ? 0 : http.integer("maxRetries", 0, 0, MANY),
            http == null ? null : http.duration("idleTimeout"),
            keepalive);
    if (http != null) {
      for (String key : EJECTION) {
        http.misplaced(key, "it in trafficPolicy.outlierDetection." + key);
      }
      http.notServed("h2UpgradePolicy", "useClientProtocol", "maxConcurrentStreams");
      http.finish();
    }
    pool.finish();
    return made;
  }

  private static TrafficPolicy.@Nullable TcpKeepalive keepalive(@Nullable Fields keepalive) {
    if (keepalive == null) {
      return null;
    }
    TrafficPolicy.TcpKeepalive made =
        new TrafficPolicy.TcpKeepalive(
            keepalive.integer("probes", 0, 0, MANY),
            keepalive.duration("time"),
            keepalive.duration("interval"));
    keepalive.finish();
    return made;
  }

  private static TrafficPolicy.@Nullable OutlierDetection outlier(@Nullable Fields outlier) {
    if (outlier == null) {
      return null;
    }
    if (outlier.has("consecutiveErrors")) {
      outlier
          .findings()
          .warning(
              outlier.lineOf("consecutiveErrors"),
              outlier.path("consecutiveErrors"),
              outlier.has("consecutive5xxErrors")
                  ? "is an old name, and outlierDetection.consecutive5xxErrors counts"
                  : "is an old name, read as outlierDetection.consecutive5xxErrors (expected that)");
    }
    TrafficPolicy.OutlierDetection made =
        new TrafficPolicy.OutlierDetection(
            outlier.integer(
                "consecutive5xxErrors", outlier.integer("consecutiveErrors", 0, 0, MANY), 0, MANY),
            outlier.integer("consecutiveGatewayErrors", 0, 0, MANY),
            outlier.duration("interval"),
            outlier.duration("baseEjectionTime"),
            outlier.integer("maxEjectionPercent", -1, 0, 100));
    outlier.notServed(
        "minHealthPercent", "splitExternalLocalOriginErrors", "consecutiveLocalOriginFailures");
    outlier.finish();
    return made;
  }

  private static TrafficPolicy.@Nullable Tls tls(@Nullable Fields tls) {
    if (tls == null) {
      return null;
    }
    TrafficPolicy.TlsMode mode = tls.oneOf("mode", TrafficPolicy.TlsMode.class);
    if (mode == TrafficPolicy.TlsMode.MUTUAL) {
      tls.findings()
          .error(
              tls.lineOf("mode"),
              tls.path("mode"),
              "MUTUAL with own certificates is not served by this version"
                  + " (expected DISABLE, SIMPLE or ISTIO_MUTUAL)");
    }
    TrafficPolicy.Tls made =
        new TrafficPolicy.Tls(
            mode == null ? TrafficPolicy.TlsMode.DISABLE : mode,
            tls.string("sni", ""),
            new ArrayList<>(tls.strings("subjectAltNames")));
    tls.notServed(
        "clientCertificate",
        "privateKey",
        "caCertificates",
        "credentialName",
        "insecureSkipVerify",
        "caCrl");
    tls.finish();
    return made;
  }
}
