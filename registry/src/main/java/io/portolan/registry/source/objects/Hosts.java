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
}
