package io.portolan.ca.sign;

import io.portolan.ca.rotate.RenewalSchedule;
import io.portolan.ca.template.CertificateTemplate;
import io.portolan.ca.trust.Pem;
import io.portolan.ca.validate.CertificateCheck;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** The certificate of the xDS port. */
public final class ServerCertificate {
  /** The name bootstraps check. */
  public static final String NAME = "portolan.local";

  private static final List<String> BUILT_IN =
      List.of(NAME, "istiod.istio-system.svc", "localhost", "127.0.0.1");

  private final byte[] chainPem;
  private final byte[] keyPem;
  private final Instant notBefore;
  private final Instant notAfter;

  private ServerCertificate(byte[] chainPem, byte[] keyPem, Instant notBefore, Instant notAfter) {
    this.chainPem = chainPem;
    this.keyPem = keyPem;
    this.notBefore = notBefore;
    this.notAfter = notAfter;
  }

  /**
   * Issues one.
   *
   * @param names DNS names and addresses besides the built-in ones
   * @param lifetime positive; cut to the issuer's end
   * @throws GeneralSecurityException when a name is not usable or the certificate would break a
   *     rule; the message names every reason
   */
  public static ServerCertificate issue(
      SigningKey issuer, List<String> names, Instant now, Duration lifetime)
      throws GeneralSecurityException {
    List<String> all = new ArrayList<>(BUILT_IN);
    all.addAll(names);
    all = ServerNames.checked(all);
    KeyPair keys = SigningKey.newKeys();
    X509Certificate leaf =
        CertificateTemplate.server(
            issuer, all, keys.getPublic(), SerialNumbers.next(), now, lifetime);
    List<String> problems =
        CertificateCheck.server(leaf, issuer.certificate(), all, keys.getPublic(), now, lifetime);
    if (!problems.isEmpty()) {
      throw new GeneralSecurityException(
          "server certificate not issued: " + String.join("; ", problems));
    }
    List<X509Certificate> chain = new ArrayList<>();
    chain.add(leaf);
    chain.addAll(issuer.chain());
    return new ServerCertificate(
        Pem.of(chain),
        Pem.of("PRIVATE KEY", keys.getPrivate().getEncoded()),
        leaf.getNotBefore().toInstant(),
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

  /** When to replace it: half life. */
  public Instant renewAt() {
    return RenewalSchedule.renewAt(notBefore, notAfter, 0.5);
  }

  /** Shows no key. */
  @Override
  public String toString() {
    return "ServerCertificate[notAfter=" + notAfter + "]";
  }
}
