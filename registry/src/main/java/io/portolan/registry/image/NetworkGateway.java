package io.portolan.registry.image;

import io.portolan.registry.model.Locality;
import java.util.Comparator;

/**
 * An east-west gateway of a network.
 *
 * @param network the network it leads into
 * @param address IP address or host name
 * @param port 1..65535
 * @param locality its own locality, may be unknown
 * @param up false while its probe fails
 * @param reason one line: why it is up or down
 * @param source which setting or service names it
 */
public record NetworkGateway(
    String network,
    String address,
    int port,
    Locality locality,
    boolean up,
    String reason,
    String source) {
  static final Comparator<NetworkGateway> ORDER =
      Comparator.comparing(NetworkGateway::network)
          .thenComparing(NetworkGateway::address)
          .thenComparingInt(NetworkGateway::port);

  /** Identity of a gateway, apart from its health. */
  public record Key(String network, String address, int port) {}

  /** Its identity. */
  public Key key() {
    return new Key(network, address, port);
  }
}
