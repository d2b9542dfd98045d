package io.portolan.ca.sign;

import io.portolan.ca.template.CertificateTemplate;
import io.portolan.ca.trust.Pem;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The certificate of the xDS port. */
public final class ServerCertificate {
  /** The name bootstraps check. */
  public static final String NAME = "portolan.local";

  private static final List<String> BUILT_IN =
      List.of(NAME, "istiod.istio-system.svc", "localhost", "127.0.0.1");

  private final byte[] chainPem;
  private final byte[] keyPem;
  private final Instant notAfter;

  private ServerCertificate(byte[] chainPem, byte[] keyPem, Instant notAfter) {
    this.chainPem = chainPem;
    this.keyPem = keyPem;
    this.notAfter = notAfter;
  }

  /**
   * Issues one.
   *
   * @param names DNS names and addresses besides the built-in ones
   */
  public static ServerCertificate issue(
      SigningKey issuer, List<String> names, Instant now, Duration lifetime)
      throws GeneralSecurityException {
    Set<String> all = new LinkedHashSet<>(BUILT_IN);
    all.addAll(names);
    KeyPair keys = SigningKeys.newP256();
    X509Certificate leaf =
        CertificateTemplate.server(issuer, List.copyOf(all), keys.getPublic(), now, lifetime);
    List<X509Certificate> chain = new ArrayList<>();
    chain.add(leaf);
    chain.addAll(issuer.isRoot() ? List.of() : issuer.chain());
    return new ServerCertificate(
        Pem.of(chain),
        Pem.of("PRIVATE KEY", keys.getPrivate().getEncoded()),
        leaf.getNotAfter().toInstant());
  }

  /** Leaf, then intermediates. */
  public byte[] chainPem() {
    return chainPem.clone();
  }

  /** The key as PKCS#8 PEM. */
  public byte[] keyPem() {
    return keyPem.clone();
  }

  /** End of validity. */
  public Instant notAfter() {
    return notAfter;
  }

  /** Shows no key. */
  @Override
  public String toString() {
    return "ServerCertificate[notAfter=" + notAfter + "]";
  }
}
