package io.portolan.xds.view;

import io.portolan.registry.model.Locality;
import io.portolan.registry.model.ServiceReach.Distribution;
import io.portolan.registry.model.TrafficPolicy.LocalityLb;

/**
 * How near an endpoint is to the proxies of a scope. Near first is the default: no policy is needed
 * for it.
 */
final class Nearness {
  private static final int NODE = 0;
  private static final int ZONE = 1;
  private static final int REGION = 2;
  private static final int FAILOVER = 3;
  private static final int REST = 4;

  private final ProxyScope scope;
  private final LocalityLb locality;
  private final Distribution distribution;
  private final boolean even;

  /**
   * @param even every endpoint is equally near: an east-west gateway spreads what the client chose
   */
  Nearness(ProxyScope scope, LocalityLb locality, Distribution distribution, boolean even) {
    this.scope = scope;
    this.locality = locality;
    this.distribution = distribution;
    this.even = even;
  }

  private boolean off() {
    return even || (!locality.enabled() && distribution == Distribution.UNSET);
  }

  /** 0 same node where the service asks for it, then zone, region, failover region, the rest. */
  int rank(Locality where, String cluster, String node) {
    if (off()) {
      return ZONE;
    }
    if (distribution == Distribution.SAME_NODE
        && !node.isEmpty()
        && node.equals(scope.node())
        && cluster.equals(scope.cluster())) {
      return NODE;
    }
    Locality own = scope.locality();
    if (own.isUnknown()) {
      return ZONE;
    }
    if (own.region().equals(where.region())) {
      return own.zone().equals(where.zone()) || own.zone().isEmpty() ? ZONE : REGION;
    }
    return where.region().equals(locality.failover().get(own.region())) ? FAILOVER : REST;
  }

  /** Why an endpoint has its rank. */
  String reason(Locality where, int rank) {
    if (even) {
      return "an east-west gateway spreads evenly";
    }
    if (off()) {
      return "locality load balancing is off";
    }
    if (rank == NODE) {
      return "on the node of the proxy, " + scope.node();
    }
    if (scope.locality().isUnknown()) {
      return "the proxy's locality is unknown";
    }
    return switch (rank) {
      case ZONE -> "same zone as the proxy, " + scope.locality();
      case REGION -> where + " is in the region of the proxy, " + scope.locality();
      case FAILOVER -> where + " is the failover region of " + scope.locality().region();
      default -> where + " is in another region than the proxy, " + scope.locality();
    };
  }
}
