package io.portolan.ca.trust;

import java.security.cert.X509Certificate;
import java.util.Comparator;
import java.util.List;

/**
 * The roots of one trust domain.
 *
 * @param roots without duplicates, in order of fingerprint, so that equal bundles have equal bytes
 */
public record TrustBundle(String trustDomain, List<X509Certificate> roots) {
  public TrustBundle {
    roots = roots.stream().distinct().sorted(Comparator.comparing(Fingerprint::of)).toList();
  }

  /** The roots as PEM. */
  public byte[] pem() {
    return Pem.of(roots);
  }

  /** Names this set of roots. */
  public String fingerprint() {
    return Fingerprint.of(pem());
  }
}
