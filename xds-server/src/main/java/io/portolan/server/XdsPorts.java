package io.portolan.server;

import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.portolan.ca.grpc.PeerCredentials;
import io.portolan.xds.grpc.AdsTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The xDS ports: TLS, and plaintext where it was asked for. */
final class XdsPorts {
  private static final int MAX_MESSAGE = 16 * 1024 * 1024;
  private static final int MAX_METADATA = 64 * 1024;

  private XdsPorts() {}

  /**
   * Opens the TLS port. Clients show a token or a certificate of the trust bundle.
   *
   * @throws IOException when it cannot be bound
   */
  static Server tls(
      InetSocketAddress address, RenewingTls tls, List<ServerServiceDefinition> services)
      throws IOException {
    return open(
        address, NettyServerBuilder.forAddress(address).sslContext(tls.context()), services, false);
  }

  /** Opens the plaintext port: no identity, and so no secrets. */
  static Server plaintext(InetSocketAddress address, List<ServerServiceDefinition> services)
      throws IOException {
    return open(
        address,
        NettyServerBuilder.forAddress(address, InsecureServerCredentials.create()),
        services,
        true);
  }

  private static Server open(
      InetSocketAddress address,
      NettyServerBuilder builder,
      List<ServerServiceDefinition> services,
      boolean plaintext)
      throws IOException {
    try {
      return AdsTransport.configure(builder)
          .maxInboundMessageSize(MAX_MESSAGE)
          .maxInboundMetadataSize(MAX_METADATA)
          .permitKeepAliveTime(15, TimeUnit.SECONDS)
          .permitKeepAliveWithoutCalls(true)
          .keepAliveTime(30, TimeUnit.SECONDS)
          .keepAliveTimeout(10, TimeUnit.SECONDS)
          .intercept(new PeerCredentials(plaintext))
          .addServices(services)
          .addService(new HealthStatusManager().getHealthService())
          .build()
          .start();
    } catch (IOException e) {
      throw new IOException(
          "xDS port "
              + address.getHostString()
              + ":"
              + address.getPort()
              + " cannot be opened: "
              + (e.getCause() == null ? e.getMessage() : e.getCause().getMessage())
              + " (remedy: --xds-address with another port, 0 picks a free one)",
          e);
    }
  }
}
