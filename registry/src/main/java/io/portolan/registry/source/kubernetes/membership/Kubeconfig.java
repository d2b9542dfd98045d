package io.portolan.registry.source.kubernetes.membership;

import java.net.URI;
import java.nio.file.Path;

/**
 * What one kubeconfig says about one API server, checked. Credentials never show in {@code
 * toString}.
 *
 * @param context name of the context that was used
 * @param cluster name of its cluster entry
 * @param server base URL, https
 * @param caPem certificates that sign the server's certificate; empty for those of the platform
 * @param tlsServerName name the server's certificate must have, empty for the host of the URL
 * @param insecureSkipTlsVerify nobody checks the server's certificate
 * @param auth what the client shows
 * @param namespace of the context, {@code default} when it names none
 * @param fingerprint SHA-256 of everything above, in hex: equal fingerprints need no new client
 */
public record Kubeconfig(
    String context,
    String cluster,
    URI server,
    String caPem,
    String tlsServerName,
    boolean insecureSkipTlsVerify,
    Auth auth,
    String namespace,
    String fingerprint) {

  /** How a client proves who it is. */
  public sealed interface Auth {
    /** One word for people. */
    String kind();
  }

  /** A bearer token. */
  public record Token(String token) implements Auth {
    @Override
    public String kind() {
      return "token";
    }

    @Override
    public String toString() {
      return "Token[redacted]";
    }
  }

  /** A file with a bearer token, read again when it changes. */
  public record TokenFile(Path file) implements Auth {
    @Override
    public String kind() {
      return "token file";
    }
  }

  /** A client certificate chain and its key, both PEM. */
  public record ClientCertificate(String certificatePem, String keyPem) implements Auth {
    @Override
    public String kind() {
      return "client certificate";
    }

    @Override
    public String toString() {
      return "ClientCertificate[redacted]";
    }
  }

  /** A user name and a password. */
  public record Basic(String user, String password) implements Auth {
    @Override
    public String kind() {
      return "password";
    }

    @Override
    public String toString() {
      return "Basic[redacted]";
    }
  }

  @Override
  public String toString() {
    return "Kubeconfig[context=" + context + ", server=" + server + ", auth=" + auth.kind() + "]";
  }
}
