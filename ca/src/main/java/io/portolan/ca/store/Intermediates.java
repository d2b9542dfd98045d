package io.portolan.ca.store;

import io.portolan.ca.sign.SerialNumbers;
import io.portolan.ca.sign.SigningKey;
import io.portolan.ca.template.CertificateTemplate;
import io.portolan.ca.validate.CertificateCheck;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The intermediates of the clusters, kept in one owner-only directory each so that a restart goes
 * on with them. Not safe for several threads.
 */
final class Intermediates {
  private static final Logger LOG = LoggerFactory.getLogger(Intermediates.class);
  private static final Duration LIFETIME = Duration.ofDays(365);
  private static final int FILE_NAME_MOST = 200;

  private final Path directory;
  private final SigningKey top;
  private final String trustDomain;

  Intermediates(Path directory, SigningKey top, String trustDomain) {
    this.directory = directory;
    this.top = top;
    this.trustDomain = trustDomain;
  }

  /** The kept one; a new one when there is none that is sound, of this CA, and far from its end. */
  SigningKey of(String cluster, Instant now) throws IOException {
    if (!isFileName(cluster)) {
      throw new IOException(
          "cluster id '" + cluster + "' cannot name a directory (expected letters, digits, . - _)");
    }
    Path own = directory.resolve(cluster);
    Optional<SigningKey> kept = kept(cluster, own, now);
    return kept.isPresent() ? kept.get() : make(cluster, own, now);
  }

  private Optional<SigningKey> kept(String cluster, Path own, Instant now) throws IOException {
    if (!CaFiles.hasAny(own)) {
      return Optional.empty();
    }
    List<String> refusals = CaFiles.refusals(own);
    if (!refusals.isEmpty()) {
      // Somebody else may have the key: replacing it quietly would hide that.
      throw new CaMaterialException(own.toString(), refusals);
    }
    try {
      SigningKey kept = CaFiles.read(own, now).signing();
      if (isBelowTop(kept) && !isNearEnd(kept.certificate(), now)) {
        return Optional.of(kept);
      }
    } catch (CaMaterialException e) {
      // Expired while the process was down, or cut off in the middle of a renewal.
      LOG.warn("intermediate replaced cluster={} reason=\"{}\"", cluster, e.getMessage());
    }
    return Optional.empty();
  }

  /** Whether the certificate is an intermediate that this CA has made for this cluster. */
  boolean isOf(String cluster, X509Certificate issuer) {
    if (issuer.getBasicConstraints() != 0
        // By bytes: principals compare without case, cluster ids with it.
        || !Arrays.equals(
            issuer.getSubjectX500Principal().getEncoded(),
            CertificateTemplate.intermediateName(cluster, trustDomain))
        || !issuer.getIssuerX500Principal().equals(top.certificate().getSubjectX500Principal())) {
      return false;
    }
    try {
      issuer.verify(top.certificate().getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private boolean isBelowTop(SigningKey kept) {
    List<X509Certificate> above = kept.chain().stream().skip(1).toList();
    return !kept.isRoot() && kept.root().equals(top.root()) && above.equals(top.chain());
  }

  private SigningKey make(String cluster, Path own, Instant now) throws IOException {
    try {
      KeyPair keys = SigningKey.newKeys();
      X509Certificate certificate =
          CertificateTemplate.intermediate(
              top, cluster, trustDomain, keys.getPublic(), SerialNumbers.next(), now, LIFETIME);
      List<String> problems =
          CertificateCheck.intermediate(
              certificate, top.certificate(), keys.getPublic(), now, LIFETIME);
      if (!problems.isEmpty()) {
        throw new GeneralSecurityException(String.join("; ", problems));
      }
      List<X509Certificate> chain = new ArrayList<>();
      chain.add(certificate);
      chain.addAll(top.chain());
      SigningKey key = new SigningKey(certificate, keys.getPrivate(), chain, top.root());
      OwnerOnlyFiles.directory(directory);
      OwnerOnlyFiles.directory(own);
      CaFiles.write(own, key);
      LOG.info(
          "intermediate made cluster={} fingerprint={} notAfter={}",
          cluster,
          key.fingerprint(),
          certificate.getNotAfter().toInstant());
      return key;
    } catch (GeneralSecurityException e) {
      throw new IOException(
          "cannot make the intermediate of cluster " + cluster + ": " + e.getMessage(), e);
    }
  }

  /** Less than a third of its life is left. */
  static boolean isNearEnd(X509Certificate certificate, Instant now) {
    Instant start = certificate.getNotBefore().toInstant();
    Instant end = certificate.getNotAfter().toInstant();
    Duration third = Duration.between(start, end).dividedBy(3);
    return now.isAfter(end.minus(third));
  }

  static boolean isFileName(String text) {
    return text.length() <= FILE_NAME_MOST
        && !text.isEmpty()
        && !text.startsWith(".")
        && text.chars()
            .allMatch(
                c ->
                    (c >= 'a' && c <= 'z')
                        || (c >= 'A' && c <= 'Z')
                        || (c >= '0' && c <= '9')
                        || c == '.'
                        || c == '-'
                        || c == '_');
  }
}
