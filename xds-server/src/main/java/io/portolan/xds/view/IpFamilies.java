package io.portolan.xds.view;

import java.util.List;
import java.util.stream.Stream;

/** The IP families a proxy has: it is sent no address of another. */
public enum IpFamilies {
  IPV4,
  IPV6,
  BOTH;

  /** The families of these addresses, link-local ones aside; both when there are none. */
  static IpFamilies of(List<String> addresses) {
    boolean six = addresses.stream().anyMatch(a -> isIpv6(a) && !isLinkLocal(a));
    boolean four = addresses.stream().anyMatch(a -> !isIpv6(a));
    return six == four ? BOTH : six ? IPV6 : IPV4;
  }

  static boolean isIpv6(String address) {
    return address.indexOf(':') >= 0;
  }

  /** Addresses that every link has and nobody else can dial (RFC 4291 §2.5.6). */
  static boolean isLinkLocal(String address) {
    return address.regionMatches(true, 0, "fe80:", 0, 5);
  }

  /** Whether an address is of a family the proxy has; a host name may lead to any. */
  boolean has(String address) {
    return this == BOTH
        || (this == IPV6) == (address.indexOf(':') >= 0)
        || !Literal.isAddress(address);
  }

  /** Those of {@code first} and {@code others} that the proxy can dial, in order. */
  List<String> usable(String first, List<String> others) {
    return Stream.concat(Stream.of(first), others.stream()).filter(this::has).toList();
  }
}
