package io.portolan.registry.model;

import java.util.Locale;

/** What is spoken on a service port. */
public enum PortProtocol {
  HTTP,
  HTTP2,
  GRPC,
  HTTPS,
  TLS,
  TCP,
  UDP;

  /** True where requests can be routed one by one. */
  public boolean isHttp() {
    return this == HTTP || this == HTTP2 || this == GRPC;
  }

  /** True where the upstream must be spoken to in HTTP/2. */
  public boolean isHttp2() {
    return this == HTTP2 || this == GRPC;
  }

  /**
   * The protocol of a port, by Istio's rules: {@code appProtocol}, else the first token of the port
   * name; the well-known server-first ports 25, 53, 3306 and 27017 are TCP; anything else is TCP.
   *
   * @param transport {@code TCP} or {@code UDP}
   */
  public static PortProtocol of(String transport, String appProtocol, String name, int port) {
    if ("UDP".equalsIgnoreCase(transport)) {
      return UDP;
    }
    String text = (appProtocol.isEmpty() ? name : appProtocol).toLowerCase(Locale.ROOT);
    switch (text) {
      case "kubernetes.io/h2c" -> {
        return HTTP2;
      }
      case "kubernetes.io/ws" -> {
        return HTTP;
      }
      case "kubernetes.io/wss" -> {
        return HTTPS;
      }
      default -> {}
    }
    if (text.startsWith("grpc-web")) {
      return HTTP;
    }
    int dash = text.indexOf('-');
    return switch (dash < 0 ? text : text.substring(0, dash)) {
      case "http", "ws" -> HTTP;
      case "http2", "h2c" -> HTTP2;
      case "grpc" -> GRPC;
      case "https", "wss" -> HTTPS;
      case "tls" -> TLS;
      case "udp" -> UDP;
      default -> TCP;
    };
  }
}
