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
 * @param host the host name that led to the address; equal to the address while it has not been
 *     resolved, empty for one that was given as a number
 */
public record NetworkGateway(
    String network,
    String address,
    int port,
    Locality locality,
    boolean up,
    String reason,
    String source,
    String host) {
  static final Comparator<NetworkGateway> ORDER =
      Comparator.comparing(NetworkGateway::network)
          .thenComparing(NetworkGateway::address)
          .thenComparingInt(NetworkGateway::port);

  /** A gateway that was given as an IP address. */
  public NetworkGateway(
      String network,
      String address,
      int port,
      Locality locality,
      boolean up,
      String reason,
      String source) {
    this(network, address, port, locality, up, reason, source, "");
  }

  /** False while its host name has not been resolved. */
  public boolean resolved() {
    return host.isEmpty() || !host.equals(address);
  }

  /** Identity of a gateway, apart from its health. */
  public record Key(String network, String address, int port) {}

  /** Its identity. */
  public Key key() {
    return new Key(network, address, port);
  }
}
