package io.portolan.ca.grpc;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.portolan.ca.authn.PeerCredential;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/**
 * Notes on every call what the peer brings, and decides nothing about it. A token counts before a
 * client certificate.
 *
 * @param plaintext the port has no TLS, so nothing that is brought counts
 */
public record PeerCredentials(boolean plaintext) implements ServerInterceptor {
  private static final Context.Key<PeerCredential> KEY = Context.key("portolan-peer-credential");
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> CLUSTER =
      Metadata.Key.of("clusterid", Metadata.ASCII_STRING_MARSHALLER);
  private static final String BEARER = "Bearer ";

  /** What the peer of the current call brings. */
  public static PeerCredential current() {
    PeerCredential found = KEY.get();
    return found == null ? new PeerCredential.Nothing() : found;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    Context context = Context.current().withValue(KEY, credential(call, headers));
    return Contexts.interceptCall(context, call, headers, next);
  }

  private PeerCredential credential(ServerCall<?, ?> call, Metadata headers) {
    if (plaintext) {
      return new PeerCredential.Plaintext();
    }
    String header = headers.get(CLUSTER);
    String cluster = header == null ? "" : header;
    String authorization = headers.get(AUTHORIZATION);
    if (authorization != null && authorization.startsWith(BEARER)) {
      return new PeerCredential.Token(authorization.substring(BEARER.length()).strip(), cluster);
    }
    SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    if (session == null) {
      return new PeerCredential.Nothing();
    }
    try {
      List<X509Certificate> chain = new ArrayList<>();
      for (Certificate certificate : session.getPeerCertificates()) {
        chain.add((X509Certificate) certificate);
      }
      return new PeerCredential.Certificate(chain, cluster);
    } catch (SSLPeerUnverifiedException e) {
      return new PeerCredential.Nothing();
    }
  }
}
