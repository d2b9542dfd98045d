package io.portolan.xds.view;

import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.TrafficPolicy;
import java.time.Duration;
import java.util.List;

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
 * @param resolution where endpoints come from
 * @param dnsEndpoints addresses with ports of a DNS cluster, empty otherwise
 * @param policy the resolved destination policy
 * @param connectTimeout of a TCP connection with its TLS handshake
 * @param meshTls offer mutual TLS to endpoints that carry {@code tlsMode: istio}
 * @param passthrough the east-west gateway's view: TLS is passed on untouched
 * @param identities URI SANs the servers may have; empty accepts any of the trust bundle
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
    List<DnsEndpoint> dnsEndpoints,
    TrafficPolicy policy,
    Duration connectTimeout,
    boolean meshTls,
    boolean passthrough,
    List<String> identities,
    List<String> sources) {
  public ClusterView {
    dnsEndpoints = List.copyOf(dnsEndpoints);
    identities = List.copyOf(identities);
    sources = List.copyOf(sources);
  }

  /** A name to resolve; {@code weight} 1 or more. */
  public record DnsEndpoint(String address, int port, int weight) {}

  /** The cluster name of a service port. */
  public static String name(int port, String subset, String hostname) {
    return "outbound|" + port + "|" + subset + "|" + hostname;
  }

  /** The SNI of a service port, and its cluster name on east-west gateways. */
  public static String sni(int port, String subset, String hostname) {
    return "outbound_." + port + "_." + subset + "_." + hostname;
  }
}
