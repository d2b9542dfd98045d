package io.portolan.ca.validate;

import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXCertPathValidatorResult;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A certificate chain that a client has presented, checked up to a root of the trust bundle.
 * Sources: RFC 5280 §6.1, SPIFFE X509-SVID §5.
 *
 * @param leaf the client's certificate
 * @param issuer the certificate whose key has signed the leaf
 */
public record PresentedChain(X509Certificate leaf, X509Certificate issuer) {
  private static final int LONGEST = 8;
  private static final int DIGITAL_SIGNATURE = 0;
  private static final String CLIENT = "1.3.6.1.5.5.7.3.2";
  private static final String ANY_PURPOSE = "2.5.29.37.0";

  /**
   * Checks signatures, validity, names, path lengths and key usage of every certificate on the way,
   * the root's validity too, and that the leaf may authenticate a client.
   *
   * @param chain leaf first; roots in it are ignored
   * @throws GeneralSecurityException naming what does not hold
   */
  public static PresentedChain check(
      List<X509Certificate> chain, Collection<X509Certificate> roots, Instant now)
      throws GeneralSecurityException {
    if (chain.size() > LONGEST) {
      throw new GeneralSecurityException(
          "client certificate chain of " + chain.size() + " (expected at most " + LONGEST + ")");
    }
    List<X509Certificate> path = chain.stream().filter(c -> !roots.contains(c)).toList();
    Set<TrustAnchor> anchors =
        roots.stream()
            .filter(r -> isValid(r, now))
            .map(r -> new TrustAnchor(r, null))
            .collect(Collectors.toSet());
    if (path.isEmpty() || anchors.isEmpty()) {
      throw new GeneralSecurityException(
          path.isEmpty()
              ? "client certificate chain has no certificate besides roots"
              : "no root of the trust bundle is valid now");
    }
    X509Certificate leaf = path.getFirst();
    purpose(leaf);
    X509Certificate anchor = validate(path, anchors, now);
    return new PresentedChain(leaf, path.size() > 1 ? path.get(1) : anchor);
  }

  private static boolean isValid(X509Certificate root, Instant now) {
    return !now.isBefore(root.getNotBefore().toInstant())
        && !now.isAfter(root.getNotAfter().toInstant());
  }

  private static X509Certificate validate(
      List<X509Certificate> path, Set<TrustAnchor> anchors, Instant now)
      throws GeneralSecurityException {
    try {
      CertPath certificates = CertificateFactory.getInstance("X.509").generateCertPath(path);
      PKIXParameters parameters = new PKIXParameters(anchors);
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(now));
      if (CertPathValidator.getInstance("PKIX").validate(certificates, parameters)
          instanceof PKIXCertPathValidatorResult result) {
        return result.getTrustAnchor().getTrustedCert();
      }
      throw new GeneralSecurityException("the PKIX validator of this platform gives no anchor");
    } catch (CertPathValidatorException e) {
      throw new GeneralSecurityException(
          "client certificate chain: "
              + e.getMessage()
              + (e.getIndex() >= 0 ? " (certificate " + e.getIndex() + ", 0 is the leaf)" : ""),
          e);
    } catch (CertificateException | InvalidAlgorithmParameterException e) {
      throw new GeneralSecurityException("client certificate chain cannot be read", e);
    }
  }

  private static void purpose(X509Certificate leaf) throws GeneralSecurityException {
    boolean[] usage = leaf.getKeyUsage();
    if (usage != null && !usage[DIGITAL_SIGNATURE]) {
      throw new GeneralSecurityException(
          "client certificate may not sign a handshake (keyUsage digitalSignature expected)");
    }
    List<String> purposes = leaf.getExtendedKeyUsage();
    if (purposes != null && !purposes.contains(CLIENT) && !purposes.contains(ANY_PURPOSE)) {
      throw new GeneralSecurityException(
          "client certificate is not for clients (extended key usage clientAuth expected)");
    }
  }
}
