package io.portolan.xds.view;

/** Tells literal IP addresses from host names. */
final class Literal {
  private Literal() {}

  /** True for an IPv4 or IPv6 address. */
  static boolean isAddress(String text) {
    return text.indexOf(':') >= 0
        || (!text.isEmpty() && text.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9')));
  }
}
