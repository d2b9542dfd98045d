package io.portolan.registry.model;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A VirtualService.
 *
 * @param hosts hosts as fully qualified names or wildcards
 * @param gateways gateways as {@code namespace/name}, or {@code mesh}
 * @param http HTTP routes in order
 * @param tls routes of TLS connections that are passed through, by SNI, in order
 * @param tcp routes of TCP connections, in order
 * @param exportTo namespaces that see it; empty means all
 */
public record VirtualServiceObject(
    ObjectRef ref,
    Origin origin,
    List<String> hosts,
    List<String> gateways,
    List<HttpRoute> http,
    List<L4Route> tls,
    List<L4Route> tcp,
    List<String> exportTo)
    implements MeshObject {
  public VirtualServiceObject {
    hosts = List.copyOf(hosts);
    gateways = List.copyOf(gateways);
    http = List.copyOf(http);
    tls = List.copyOf(tls);
    tcp = List.copyOf(tcp);
    exportTo = List.copyOf(exportTo);
  }

  /** One route; empty matches match everything. */
  public record HttpRoute(
      String name,
      List<HttpMatch> matches,
      List<Destination> destinations,
      String rewritePrefix,
      @Nullable Duration timeout,
      @Nullable Retries retries) {
    public HttpRoute {
      matches = List.copyOf(matches);
      destinations = List.copyOf(destinations);
    }
  }

  /** One route of whole connections; empty matches match every connection. */
  public record L4Route(List<L4Match> matches, List<Destination> destinations) {
    public L4Route {
      matches = List.copyOf(matches);
      destinations = List.copyOf(destinations);
    }
  }

  /**
   * Conditions that must all hold.
   *
   * @param sniHosts server names or wildcards of TLS routes; empty for TCP routes
   * @param port port of the gateway's server, 0 for any
   * @param gateways gateways as {@code namespace/name}; empty for all of the VirtualService
   */
  public record L4Match(List<String> sniHosts, int port, List<String> gateways) {
    public L4Match {
      sniHosts = List.copyOf(sniHosts);
      gateways = List.copyOf(gateways);
    }
  }

  /** How a string is compared. */
  public enum MatchType {
    EXACT,
    PREFIX,
    REGEX
  }

  /** One comparison. */
  public record StringMatch(MatchType type, String value) {}

  /** Conditions that must all hold; null or empty is no condition. */
  public record HttpMatch(
      @Nullable StringMatch uri,
      @Nullable StringMatch method,
      @Nullable StringMatch authority,
      Map<String, StringMatch> headers) {
    public HttpMatch {
      headers = Map.copyOf(headers);
    }
  }

  /** A weighted target: {@code port} 0 means the service's only port; weight 0..100. */
  public record Destination(String host, String subset, int port, int weight) {}

  /** Retries; {@code attempts} 0 switches them off. */
  public record Retries(int attempts, @Nullable Duration perTryTimeout, String retryOn) {}
}
