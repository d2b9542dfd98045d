package io.portolan.ca.sign;

import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.rotate.RenewalSchedule;
import java.time.Instant;

/** A certificate with its key, for one workload. */
public final class WorkloadCertificate {
  private final SpiffeId id;
  private final byte[] chainPem;
  private final byte[] keyPem;
  private final Instant notBefore;
  private final Instant notAfter;
  private final String issuerFingerprint;
  private final String serial;

  WorkloadCertificate(
      SpiffeId id,
      byte[] chainPem,
      byte[] keyPem,
      Instant notBefore,
      Instant notAfter,
      String issuerFingerprint,
      String serial) {
    this.id = id;
    this.chainPem = chainPem;
    this.keyPem = keyPem;
    this.notBefore = notBefore;
    this.notAfter = notAfter;
    this.issuerFingerprint = issuerFingerprint;
    this.serial = serial;
  }

  /** Its identity. */
  public SpiffeId id() {
    return id;
  }

  /** Leaf, then intermediates, without the root. */
  public byte[] chainPem() {
    return chainPem.clone();
  }

  /** The key as PKCS#8 PEM; empty when the caller kept its own. */
  public byte[] keyPem() {
    return keyPem.clone();
  }

  /** Start of validity. */
  public Instant notBefore() {
    return notBefore;
  }

  /** End of validity. */
  public Instant notAfter() {
    return notAfter;
  }

  /** When to replace it: half life. */
  public Instant renewAt() {
    return RenewalSchedule.renewAt(notBefore, notAfter, 0.5);
  }

  /** Names the issuing authority. */
  public String issuerFingerprint() {
    return issuerFingerprint;
  }

  /** Serial number in hex. */
  public String serial() {
    return serial;
  }

  /** Shows no key. */
  @Override
  public String toString() {
    return "WorkloadCertificate[" + id + " serial=" + serial + " notAfter=" + notAfter + "]";
  }
}
