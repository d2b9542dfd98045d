package io.portolan.registry.source.kubernetes.membership;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Optional;

/**
 * Where an API server may not be. Who writes a kubeconfig chooses where the control plane sends
 * requests with a credential in them; the addresses refused here belong to the machine it runs on:
 * link-local ones (RFC 3927, RFC 4291 2.5.6) reach the metadata services of clouds.
 */
public final class ServerAddresses {
  /** Metadata services outside the link-local ranges. */
  private static final byte[][] METADATA = {
    {100, 100, 100, (byte) 200}, // Alibaba Cloud
    {(byte) 192, 0, 0, (byte) 192}, // Oracle Cloud
    {(byte) 0xfd, 0, 0x0e, (byte) 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54} // AWS over IPv6
  };

  private ServerAddresses() {}

  /** Why a resolved address is refused, empty when it is not. */
  public static Optional<String> refused(InetAddress address) {
    String text = address.getHostAddress();
    if (address.isLinkLocalAddress()) {
      return Optional.of(text + " is link-local: metadata services live there");
    }
    if (address.isAnyLocalAddress()) {
      return Optional.of(text + " is the unspecified address");
    }
    if (address.isMulticastAddress()) {
      return Optional.of(text + " is a multicast address");
    }
    byte[] bytes = address.getAddress();
    for (byte[] metadata : METADATA) {
      if (Arrays.equals(metadata, bytes)) {
        return Optional.of(text + " is a cloud's metadata service");
      }
    }
    return embedded(bytes).flatMap(ServerAddresses::refused);
  }

  /** Why the host of a URL is refused, as far as that shows without asking DNS. */
  static Optional<String> refusedLiteral(String host) {
    String bare =
        host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    try {
      return refused(InetAddress.ofLiteral(bare));
    } catch (IllegalArgumentException e) {
      return posix(bare);
    }
  }

  /** Forms such as {@code 0xa9fea9fe}, which resolvers take for addresses too. */
  private static Optional<String> posix(String host) {
    try {
      return refused(java.net.Inet4Address.ofPosixLiteral(host));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** The IPv4 address inside a NAT64 address (RFC 6052, {@code 64:ff9b::/96}). */
  private static Optional<InetAddress> embedded(byte[] bytes) {
    byte[] nat64 = {0, 0x64, (byte) 0xff, (byte) 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};
    if (bytes.length != 16 || !Arrays.equals(nat64, Arrays.copyOf(bytes, nat64.length))) {
      return Optional.empty();
    }
    try {
      return Optional.of(InetAddress.getByAddress(Arrays.copyOfRange(bytes, 12, 16)));
    } catch (java.net.UnknownHostException e) {
      return Optional.empty();
    }
  }
}
