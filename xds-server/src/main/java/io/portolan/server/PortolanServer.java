package io.portolan.server;

import java.io.IOException;
import java.net.InetSocketAddress;

/** A running control plane. */
public final class PortolanServer implements AutoCloseable {
  private final ServerSettings settings;

  private PortolanServer(ServerSettings settings) {
    this.settings = settings;
  }

  /**
   * Starts everything and returns once the ports are bound.
   *
   * @throws IOException when a port cannot be bound or a directory cannot be used; the message names
   *     it
   */
  public static PortolanServer start(ServerSettings settings) throws IOException {
    return new PortolanServer(settings);
  }

  /** The bound TLS xDS address. */
  public InetSocketAddress xdsAddress() {
    return settings.xdsAddress();
  }

  /** The bound admin address. */
  public InetSocketAddress adminAddress() {
    return settings.adminAddress();
  }

  @Override
  public void close() {}
}
