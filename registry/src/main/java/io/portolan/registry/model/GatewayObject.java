package io.portolan.registry.model;

import java.util.List;
import java.util.Map;

/** A Gateway: listeners of the proxies whose labels match {@code selector}. */
public record GatewayObject(
    ObjectRef ref, Origin origin, Map<String, String> selector, List<Server> servers)
    implements MeshObject {
  public GatewayObject {
    selector = Map.copyOf(selector);
    servers = List.copyOf(servers);
  }

  /** Server TLS modes. */
  public enum TlsMode {
    NONE,
    SIMPLE,
    MUTUAL,
    ISTIO_MUTUAL,
    PASSTHROUGH,
    AUTO_PASSTHROUGH
  }

  /**
   * One server.
   *
   * @param port 1..65535
   * @param hosts host patterns, may carry a {@code namespace/} prefix
   * @param credentialName name of a TLS secret, or empty
   */
  public record Server(
      int port,
      String name,
      PortProtocol protocol,
      List<String> hosts,
      TlsMode tls,
      String credentialName) {
    public Server {
      hosts = List.copyOf(hosts);
    }
  }
}
