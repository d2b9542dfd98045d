package io.portolan.xds.view;

import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.TrafficPolicy;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One outbound cluster.
 *
 * @param name {@code outbound|port|subset|host}, or {@code outbound_.port_.subset_.host} for an
 *     east-west gateway
 * @param hostname the service
 * @param port service port number
 * @param subset subset name, or empty
 * @param protocol what the port speaks
 * @param http2 speak HTTP/2 to the endpoints: the port says so, or every endpoint is a mesh proxy
 * @param resolution where endpoints come from: {@code STATIC} by EDS, also where a DNS service has
 *     no host name to resolve
 * @param hosts the load assignment of a DNS cluster, which is part of it; null otherwise
 * @param families the IP families that names are resolved to
 * @param localityWeighted the weights of localities are shares of the traffic
 * @param policy the resolved destination policy
 * @param connectTimeout of a TCP connection with its TLS handshake
 * @param meshTls offer mutual TLS to endpoints that carry {@code tlsMode: istio}
 * @param passthrough the east-west gateway's view: TLS is passed on untouched
 * @param identities URI SANs the servers may have; empty accepts any of the trust bundle
 * @param targets other services that some hosts belong to
 * @param sources provenance, not part of the bytes
 */
public record ClusterView(
    String name,
    String hostname,
    int port,
    String subset,
    PortProtocol protocol,
    boolean http2,
    Resolution resolution,
    @Nullable AssignmentView hosts,
    IpFamilies families,
    boolean localityWeighted,
    TrafficPolicy policy,
    Duration connectTimeout,
    boolean meshTls,
    boolean passthrough,
    List<String> identities,
    List<Target> targets,
    List<String> sources) {
  public ClusterView {
    identities = List.copyOf(identities);
    targets = List.copyOf(targets);
    sources = List.copyOf(sources);
  }

  /**
   * Another service that hosts belong to.
   *
   * @param sni its SNI
   * @param identities as those of the cluster
   */
  public record Target(String sni, List<String> identities) {
    public Target {
      identities = List.copyOf(identities);
    }
  }

  /** The cluster name of a service port. */
  public static String name(int port, String subset, String hostname) {
    return "outbound|" + port + "|" + subset + "|" + hostname;
  }

  /** The SNI of a service port, and its cluster name on east-west gateways. */
  public static String sni(int port, String subset, String hostname) {
    return "outbound_." + port + "_." + subset + "_." + hostname;
  }
}
