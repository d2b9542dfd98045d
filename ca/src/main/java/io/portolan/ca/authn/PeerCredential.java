package io.portolan.ca.authn;

import java.security.cert.X509Certificate;
import java.util.List;

/** What a peer brought to prove who it is; {@link Authenticator} verifies it. */
public sealed interface PeerCredential {
  /**
   * A bearer token.
   *
   * @param cluster claimed in gRPC metadata "clusterid", empty when it was not sent
   */
  record Token(String token, String cluster) implements PeerCredential {
    @Override
    public String toString() {
      return "Token[hidden]";
    }
  }

  /**
   * A client certificate chain that the handshake has accepted, leaf first.
   *
   * @param cluster claimed in gRPC metadata "clusterid", empty when it was not sent
   */
  record Certificate(List<X509Certificate> chain, String cluster) implements PeerCredential {
    public Certificate {
      chain = List.copyOf(chain);
    }
  }

  /** The plaintext port: no identity. */
  record Plaintext() implements PeerCredential {}

  /** TLS without token or certificate. */
  record Nothing() implements PeerCredential {}
}
