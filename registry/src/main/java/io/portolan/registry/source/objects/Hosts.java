package io.portolan.registry.source.objects;

/** Host names as networking.istio.io writes them. */
final class Hosts {
  private Hosts() {}

  /** A short name is a service of the object's own namespace; anything with a dot is complete. */
  static String qualified(String host, String namespace, String domain) {
    if (host.isEmpty() || host.equals("*") || host.indexOf('.') >= 0) {
      return host;
    }
    return host + "." + namespace + ".svc." + domain;
  }

  /**
   * Whether a pattern ({@code x}, {@code *.x} or {@code *}) covers a host or a narrower pattern.
   */
  static boolean covers(String pattern, String host) {
    return pattern.equals("*")
        || pattern.equals(host)
        || (pattern.startsWith("*.") && host.endsWith(pattern.substring(1)));
  }
}
