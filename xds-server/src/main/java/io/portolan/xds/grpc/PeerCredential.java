package io.portolan.xds.grpc;

import io.grpc.Context;
import java.security.cert.X509Certificate;
import java.util.List;

/** What a peer brought to prove who it is; verified by the gate, not here. */
public sealed interface PeerCredential {
  /** Set by the server's interceptor on every call. */
  Context.Key<PeerCredential> KEY = Context.key("portolan-peer-credential");

  /** A bearer token. */
  record Token(String token) implements PeerCredential {
    @Override
    public String toString() {
      return "Token[hidden]";
    }
  }

  /** A client certificate chain that TLS has verified against the trust bundle, leaf first. */
  record Certificate(List<X509Certificate> chain) implements PeerCredential {
    public Certificate {
      chain = List.copyOf(chain);
    }
  }

  /** The plaintext port: no identity. */
  record Plaintext() implements PeerCredential {}

  /** TLS without token or certificate. */
  record Nothing() implements PeerCredential {}
}
