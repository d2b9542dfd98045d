package io.portolan.server;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.portolan.ca.sign.ServerCertificate;
import io.portolan.ca.trust.TrustBundle;
import io.portolan.xds.grpc.AdsService;
import io.portolan.xds.grpc.AdsTransport;
import io.portolan.xds.grpc.PeerCredential;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/** The xDS ports: TLS, and plaintext where it was asked for. */
final class XdsPorts {
  private static final int MAX_MESSAGE = 16 * 1024 * 1024;
  private static final int MAX_METADATA = 64 * 1024;
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final String BEARER = "Bearer ";

  private XdsPorts() {}

  /**
   * Opens the TLS port. Clients show a token or a certificate of the trust bundle.
   *
   * @throws IOException when it cannot be bound
   */
  static Server tls(
      InetSocketAddress address, ServerCertificate certificate, TrustBundle trust, AdsService ads)
      throws IOException {
    ServerCredentials credentials =
        TlsServerCredentials.newBuilder()
            .keyManager(
                new ByteArrayInputStream(certificate.chainPem()),
                new ByteArrayInputStream(certificate.keyPem()))
            .trustManager(new ByteArrayInputStream(trust.pem()))
            .clientAuth(TlsServerCredentials.ClientAuth.OPTIONAL)
            .build();
    return open(address, credentials, ads, false);
  }

  /** Opens the plaintext port: no identity, and so no secrets. */
  static Server plaintext(InetSocketAddress address, AdsService ads) throws IOException {
    return open(address, InsecureServerCredentials.create(), ads, true);
  }

  private static Server open(
      InetSocketAddress address, ServerCredentials credentials, AdsService ads, boolean plaintext)
      throws IOException {
    try {
      return AdsTransport.configure(NettyServerBuilder.forAddress(address, credentials))
          .maxInboundMessageSize(MAX_MESSAGE)
          .maxInboundMetadataSize(MAX_METADATA)
          .permitKeepAliveTime(15, TimeUnit.SECONDS)
          .permitKeepAliveWithoutCalls(true)
          .keepAliveTime(30, TimeUnit.SECONDS)
          .keepAliveTimeout(10, TimeUnit.SECONDS)
          .intercept(new Credentials(plaintext))
          .addService(ads.definition())
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

  /** Notes what the peer brings; the gate decides about it. */
  private record Credentials(boolean plaintext) implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      Context context = Context.current().withValue(PeerCredential.KEY, credential(call, headers));
      return Contexts.interceptCall(context, call, headers, next);
    }

    private PeerCredential credential(ServerCall<?, ?> call, Metadata headers) {
      if (plaintext) {
        return new PeerCredential.Plaintext();
      }
      String authorization = headers.get(AUTHORIZATION);
      if (authorization != null && authorization.startsWith(BEARER)) {
        return new PeerCredential.Token(authorization.substring(BEARER.length()).strip());
      }
      SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
      if (session != null) {
        try {
          List<X509Certificate> chain = new ArrayList<>();
          for (Certificate certificate : session.getPeerCertificates()) {
            chain.add((X509Certificate) certificate);
          }
          return new PeerCredential.Certificate(chain);
        } catch (SSLPeerUnverifiedException e) {
          return new PeerCredential.Nothing();
        }
      }
      return new PeerCredential.Nothing();
    }
  }
}
