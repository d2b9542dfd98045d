package io.portolan.ca.validate;

import io.portolan.ca.identity.SpiffeId;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Checks a made workload certificate against every rule of its template. */
public final class CertificateCheck {
  private static final int URI_NAME = 6;
  private static final int DIGITAL_SIGNATURE = 0;
  private static final int KEY_ENCIPHERMENT = 2;
  private static final int CERT_SIGN = 5;
  private static final int CRL_SIGN = 6;
  private static final int SERIAL_BITS = 128;

  private CertificateCheck() {}

  /** Everything that is wrong; empty when the certificate may leave. */
  public static List<String> problems(
      X509Certificate leaf, X509Certificate issuer, SpiffeId id, Instant now, Duration longest) {
    List<String> problems = new ArrayList<>();
    names(leaf, id, problems);
    usage(leaf, problems);
    times(leaf, issuer, now, longest, problems);
    if (leaf.getSerialNumber().bitLength() < SERIAL_BITS) {
      problems.add("serial number shorter than " + SERIAL_BITS + " bits");
    }
    if (leaf.getExtensionValue("2.5.29.35") == null) {
      problems.add("no authority key identifier");
    }
    if (!leaf.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())) {
      problems.add("issuer name is not the issuer's subject");
    }
    try {
      leaf.verify(issuer.getPublicKey());
    } catch (GeneralSecurityException e) {
      problems.add("signature does not verify with the issuer's key");
    }
    return problems;
  }

  private static void names(X509Certificate leaf, SpiffeId id, List<String> problems) {
    try {
      Collection<List<?>> names = leaf.getSubjectAlternativeNames();
      if (names == null || names.size() != 1) {
        problems.add("not exactly one subject alternative name");
        return;
      }
      List<?> only = names.iterator().next();
      if (!Integer.valueOf(URI_NAME).equals(only.get(0)) || !id.uri().equals(only.get(1))) {
        problems.add("subject alternative name is not " + id.uri());
      }
    } catch (GeneralSecurityException e) {
      problems.add("subject alternative names cannot be read");
    }
    if (!leaf.getCriticalExtensionOIDs().contains("2.5.29.17")) {
      problems.add("subject alternative name is not critical although the subject is empty");
    }
  }

  private static void usage(X509Certificate leaf, List<String> problems) {
    if (leaf.getBasicConstraints() >= 0) {
      problems.add("is an authority");
    }
    boolean[] usage = leaf.getKeyUsage();
    if (usage == null || !usage[DIGITAL_SIGNATURE] || usage[CERT_SIGN] || usage[CRL_SIGN]) {
      problems.add("key usage is not digital signature without signing of certificates");
    } else if (leaf.getPublicKey().getAlgorithm().equals("RSA") != usage[KEY_ENCIPHERMENT]) {
      problems.add("key encipherment does not fit the key's algorithm");
    }
    try {
      List<String> purposes = leaf.getExtendedKeyUsage();
      if (purposes == null
          || !purposes.contains("1.3.6.1.5.5.7.3.1")
          || !purposes.contains("1.3.6.1.5.5.7.3.2")) {
        problems.add("extended key usage is not server and client authentication");
      }
    } catch (GeneralSecurityException e) {
      problems.add("extended key usage cannot be read");
    }
  }

  private static void times(
      X509Certificate leaf, X509Certificate issuer, Instant now, Duration longest,
      List<String> problems) {
    Instant end = leaf.getNotAfter().toInstant();
    if (end.isAfter(issuer.getNotAfter().toInstant())) {
      problems.add("outlives its issuer");
    }
    if (end.isAfter(now.plus(longest))) {
      problems.add("lives longer than " + longest);
    }
    if (!end.isAfter(now)) {
      problems.add("has expired already: the issuer is about to expire");
    }
    if (leaf.getNotBefore().toInstant().isAfter(now)) {
      problems.add("is not valid yet");
    }
  }
}
