package io.portolan.ca.sign;

import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.template.CertificateTemplate;
import io.portolan.ca.trust.Fingerprint;
import io.portolan.ca.trust.Pem;
import io.portolan.ca.validate.CertificateCheck;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Signs for one cluster. Safe for any thread; signing takes about a millisecond of CPU. */
public final class ClusterAuthority {
  private static final Logger AUDIT = LoggerFactory.getLogger("portolan.ca.audit");

  private final String cluster;
  private final SigningKey issuer;
  private final Duration longest;
  private final InstantSource clock;

  /**
   * @param longest longest lifetime of a workload certificate; a longer request is cut to it
   */
  public ClusterAuthority(
      String cluster, SigningKey issuer, Duration longest, InstantSource clock) {
    this.cluster = cluster;
    this.issuer = issuer;
    this.longest = longest;
    this.clock = clock;
  }

  /** The cluster. */
  public String cluster() {
    return cluster;
  }

  /** The issuing authority, without its key. */
  public X509Certificate certificate() {
    return issuer.certificate();
  }

  /** Names the issuing authority. */
  public String fingerprint() {
    return issuer.fingerprint();
  }

  /**
   * Makes a P-256 key and signs it.
   *
   * @throws GeneralSecurityException when the certificate would break a rule, for instance since
   *     the issuer has expired; the message names every rule
   */
  public WorkloadCertificate issue(SpiffeId id, Duration lifetime) throws GeneralSecurityException {
    KeyPair keys = SigningKey.newKeys();
    X509Certificate leaf = sign(id, keys.getPublic(), lifetime);
    return made(id, leaf, Pem.of("PRIVATE KEY", keys.getPrivate().getEncoded()), "xds");
  }

  /**
   * Signs a key of a certificate request. Every name in the request is ignored.
   *
   * @param csr PKCS#10, DER
   * @param method how the caller was authenticated, for the audit line
   * @throws CertificateRequestException when the proof of possession fails or the key is not
   *     allowed
   * @throws GeneralSecurityException as for a key made here
   */
  public WorkloadCertificate issue(SpiffeId id, byte[] csr, Duration lifetime, String method)
      throws GeneralSecurityException {
    PublicKey key = CertificateRequests.publicKey(csr);
    return made(id, sign(id, key, lifetime), new byte[0], method);
  }

  private X509Certificate sign(SpiffeId id, PublicKey key, Duration lifetime)
      throws GeneralSecurityException {
    if (!lifetime.isPositive()) {
      throw new GeneralSecurityException("lifetime " + lifetime + " (expected more than 0)");
    }
    Instant now = clock.instant();
    Duration span = lifetime.compareTo(longest) > 0 ? longest : lifetime;
    X509Certificate leaf =
        CertificateTemplate.workload(issuer, id, key, SerialNumbers.next(), now, span);
    List<String> problems =
        CertificateCheck.workload(leaf, issuer.certificate(), id, key, now, longest);
    if (!problems.isEmpty()) {
      throw new GeneralSecurityException(
          "certificate for " + id + " not issued: " + String.join("; ", problems));
    }
    return leaf;
  }

  private WorkloadCertificate made(
      SpiffeId id, X509Certificate leaf, byte[] keyPem, String method) {
    List<X509Certificate> chain = new ArrayList<>();
    chain.add(leaf);
    chain.addAll(issuer.chain());
    String serial = leaf.getSerialNumber().toString(16);
    AUDIT.info(
        "issued id={} method={} cluster={} serial={} ttl={} notAfter={} key={} issuer={}",
        id,
        method,
        cluster,
        serial,
        Duration.between(clock.instant(), leaf.getNotAfter().toInstant()).toSeconds(),
        leaf.getNotAfter().toInstant(),
        Fingerprint.of(leaf.getPublicKey().getEncoded()),
        fingerprint());
    return new WorkloadCertificate(
        id,
        Pem.of(chain),
        keyPem,
        leaf.getNotBefore().toInstant(),
        leaf.getNotAfter().toInstant(),
        fingerprint(),
        serial);
  }
}
