package io.portolan.ca.authn;

import io.portolan.ca.identity.SpiffeId;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;

/** The identity in a client certificate that TLS has verified. */
public final class PeerIdentity {
  private static final int URI_NAME = 6;
  private static final int CERT_SIGN = 5;
  private static final int CRL_SIGN = 6;

  private PeerIdentity() {}

  /**
   * The one SPIFFE ID of a certificate that TLS has verified, validity included.
   *
   * @throws GeneralSecurityException when it has none, several, or one that is not a workload's, or
   *     when it is an authority's (SPIFFE X509-SVID §5.2)
   */
  public static SpiffeId of(X509Certificate leaf) throws GeneralSecurityException {
    boolean[] usage = leaf.getKeyUsage();
    if (leaf.getBasicConstraints() >= 0
        || (usage != null && (usage[CERT_SIGN] || usage[CRL_SIGN]))) {
      throw new GeneralSecurityException(
          "client certificate is an authority's (expected a workload's)");
    }
    Collection<List<?>> names = leaf.getSubjectAlternativeNames();
    List<String> uris =
        names == null
            ? List.of()
            : names.stream()
                .filter(n -> Integer.valueOf(URI_NAME).equals(n.get(0)))
                .map(n -> String.valueOf(n.get(1)))
                .toList();
    if (uris.size() != 1) {
      throw new GeneralSecurityException(
          "client certificate has " + uris.size() + " URI names (expected exactly 1)");
    }
    try {
      return SpiffeId.parse(uris.getFirst());
    } catch (IllegalArgumentException e) {
      throw new GeneralSecurityException("client certificate: " + e.getMessage(), e);
    }
  }
}
