package io.portolan.ca.sign;

import io.portolan.ca.trust.Fingerprint;
import io.portolan.ca.trust.Pem;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.List;

/**
 * A certificate authority's certificate with its key.
 *
 * @param chain certificates from {@code certificate} up, without the root; empty for a root
 * @param root the root it ends at; equal to {@code certificate} for a root
 */
public record SigningKey(
    X509Certificate certificate,
    PrivateKey key,
    List<X509Certificate> chain,
    X509Certificate root) {
  public SigningKey {
    chain = List.copyOf(chain);
  }

  /** A new P-256 key pair. */
  public static KeyPair newKeys() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  /** True when it is the root itself. */
  public boolean isRoot() {
    return certificate.equals(root);
  }

  /**
   * True when it may sign another authority: no path length on the way to the root is used up (RFC
   * 5280 §4.2.1.9).
   */
  public boolean maySignAuthorities() {
    for (int below = 0; below < chain.size(); below++) {
      if (chain.get(below).getBasicConstraints() <= below) {
        return false;
      }
    }
    return root.getBasicConstraints() > chain.size();
  }

  /** Names the issuing certificate. */
  public String fingerprint() {
    return Fingerprint.of(certificate);
  }

  /** The key as PKCS#8 PEM; for owner-only files. */
  public byte[] keyPem() {
    return Pem.of("PRIVATE KEY", key.getEncoded());
  }

  /** Shows no key. */
  @Override
  public String toString() {
    return "SigningKey[" + certificate.getSubjectX500Principal() + " " + fingerprint() + "]";
  }
}
