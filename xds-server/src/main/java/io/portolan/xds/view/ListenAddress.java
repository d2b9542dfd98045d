package io.portolan.xds.view;

import io.portolan.xds.node.ProxyNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a listener listens: one address of each IP family that the proxy has.
 *
 * @param first the address that names it
 * @param others of the other family, or empty
 */
public record ListenAddress(String first, List<String> others) {
  public ListenAddress {
    others = List.copyOf(others);
  }

  /** One address. */
  static ListenAddress of(String address) {
    return new ListenAddress(address, List.of());
  }

  /** Every address of the families. Source: Istio's wildcards by the proxy's IP mode. */
  static ListenAddress any(IpFamilies families) {
    return switch (families) {
      case IPV4 -> of("0.0.0.0");
      case IPV6 -> of("::");
      case BOTH -> new ListenAddress("0.0.0.0", List.of("::"));
    };
  }

  /** The proxy's own addresses: its first, and the first of the other family. */
  static ListenAddress of(ProxyNode node) {
    List<String> others = new ArrayList<>();
    boolean six = IpFamilies.isIpv6(node.address());
    node.addresses().stream()
        .filter(a -> IpFamilies.isIpv6(a) != six && !IpFamilies.isLinkLocal(a))
        .findFirst()
        .ifPresent(others::add);
    return new ListenAddress(node.address(), others);
  }

  /** The name of a listener here. */
  String name(int port) {
    return first + "_" + port;
  }
}
