package io.portolan.server;

import io.grpc.netty.GrpcSslContexts;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.portolan.ca.sign.ServerCertificate;
import io.portolan.ca.sign.SigningKey;
import io.portolan.ca.trust.TrustBundle;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS of the xDS port. Its certificate is replaced at half of its life, and when the signing
 * certificate or the roots of client certificates change. A new connection meets the newest; an
 * open one keeps what it shook hands with. Safe for any thread.
 */
final class RenewingTls {
  private static final Logger LOG = LoggerFactory.getLogger(RenewingTls.class);

  private final Supplier<SigningKey> signer;
  private final Supplier<TrustBundle> trust;
  private final List<String> names;
  private final Duration lifetime;
  private final InstantSource clock;
  private volatile Current current;

  private record Current(
      SslContext context, Instant renewAt, Instant notAfter, String signer, String bundle) {}

  private RenewingTls(
      Supplier<SigningKey> signer,
      Supplier<TrustBundle> trust,
      List<String> names,
      Duration lifetime,
      InstantSource clock)
      throws IOException {
    this.signer = signer;
    this.trust = trust;
    this.names = List.copyOf(names);
    this.lifetime = lifetime;
    this.clock = clock;
    this.current = make(signer.get(), trust.get(), names, lifetime, clock.instant());
  }

  /**
   * Issues the first certificate.
   *
   * @param names DNS names and addresses besides the built-in ones
   * @param lifetime of a certificate; positive
   * @throws IOException when it cannot be issued
   */
  static RenewingTls open(
      Supplier<SigningKey> signer,
      Supplier<TrustBundle> trust,
      List<String> names,
      Duration lifetime,
      InstantSource clock)
      throws IOException {
    return new RenewingTls(signer, trust, names, lifetime, clock);
  }

  private static Current make(
      SigningKey signer, TrustBundle trust, List<String> names, Duration lifetime, Instant now)
      throws IOException {
    try {
      ServerCertificate certificate = ServerCertificate.issue(signer, names, now, lifetime);
      SslContext context =
          GrpcSslContexts.forServer(
                  new ByteArrayInputStream(certificate.chainPem()),
                  new ByteArrayInputStream(certificate.keyPem()))
              .trustManager(new ByteArrayInputStream(trust.pem()))
              .clientAuth(ClientAuth.OPTIONAL)
              .build();
      return new Current(
          context,
          certificate.renewAt(),
          certificate.notAfter(),
          signer.fingerprint(),
          trust.fingerprint());
    } catch (GeneralSecurityException e) {
      throw new IOException("no certificate for the xDS port: " + e.getMessage(), e);
    }
  }

  /**
   * Replaces the certificate when it is due; on a failure the old one stays until the next time.
   */
  synchronized void renewIfDue() {
    SigningKey key = signer.get();
    TrustBundle roots = trust.get();
    Current old = current;
    String reason;
    if (!old.signer().equals(key.fingerprint())) {
      reason = "another signing certificate";
    } else if (!old.bundle().equals(roots.fingerprint())) {
      reason = "other roots";
    } else if (!clock.instant().isBefore(old.renewAt())) {
      reason = "half of its life is over";
    } else {
      return;
    }
    try {
      Current next = make(key, roots, names, lifetime, clock.instant());
      current = next;
      LOG.info(
          "xDS certificate renewed reason=\"{}\" notAfter={} signer={} bundle={}",
          reason,
          next.notAfter(),
          next.signer(),
          next.bundle());
    } catch (IOException | RuntimeException e) {
      LOG.error(
          "xDS certificate not renewed, the old one stays notAfter={} reason=\"{}\"",
          old.notAfter(),
          e.getMessage());
    }
  }

  /** End of the certificate that new connections meet. */
  Instant notAfter() {
    return current.notAfter();
  }

  /** What a server is given; asks for the newest on every connection. */
  SslContext context() {
    return new Newest();
  }

  private final class Newest extends SslContext {
    @Override
    public boolean isClient() {
      return false;
    }

    @Override
    public List<String> cipherSuites() {
      return current.context().cipherSuites();
    }

    @Override
    @SuppressWarnings("deprecation") // The superclass asks for it.
    public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
      return current.context().applicationProtocolNegotiator();
    }

    @Override
    public SSLEngine newEngine(ByteBufAllocator allocator) {
      return current.context().newEngine(allocator);
    }

    @Override
    public SSLEngine newEngine(ByteBufAllocator allocator, String host, int port) {
      return current.context().newEngine(allocator, host, port);
    }

    @Override
    public SSLSessionContext sessionContext() {
      return current.context().sessionContext();
    }
  }
}
