package io.portolan.ca.trust;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;

/** Short names for certificates and bundles. */
public final class Fingerprint {
  private Fingerprint() {}

  /** First 16 hex digits of the SHA-256 of the certificate. */
  public static String of(X509Certificate certificate) {
    try {
      return of(certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a parsed certificate always has an encoding", e);
    }
  }

  /** First 16 hex digits of the SHA-256 of the bytes. */
  public static String of(byte[] bytes) {
    return whole(bytes).substring(0, 16);
  }

  /** All 64 hex digits, where a collision must not be found on purpose. */
  public static String whole(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
