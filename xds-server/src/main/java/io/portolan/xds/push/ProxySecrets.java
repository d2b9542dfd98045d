package io.portolan.xds.push;

import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.rotate.RenewalSchedule;
import io.portolan.ca.sign.ClusterAuthority;
import io.portolan.ca.sign.WorkloadCertificate;
import io.portolan.ca.store.CaDirectory;
import io.portolan.ca.template.CertificateTemplate;
import io.portolan.ca.trust.Fingerprint;
import io.portolan.ca.trust.TrustBundle;
import io.portolan.xds.generate.secret.SecretGenerator;
import io.portolan.xds.snapshot.Layer;
import io.portolan.xds.stream.SecretVersions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;

/**
 * The secrets of one proxy: its certificate and the trust bundle.
 *
 * <p>The version of the certificate names identity, issuer and validity. A proxy that brings such a
 * version from an earlier stream keeps its certificate until half of its life is over, so a restart
 * of the control plane issues nothing anew, and no key is ever stored.
 */
final class ProxySecrets implements SecretVersions {
  private final SpiffeId id;
  private final String cluster;
  private final CaDirectory ca;
  private final Duration lifetime;
  private final InstantSource clock;
  private volatile Layer layer = Layer.EMPTY;
  private volatile Instant renewAt = Instant.MAX;
  private volatile String bundle = "";

  ProxySecrets(
      SpiffeId id, String cluster, CaDirectory ca, Duration lifetime, InstantSource clock) {
    this.id = id;
    this.cluster = cluster;
    this.ca = ca;
    this.lifetime = lifetime;
    this.clock = clock;
  }

  /**
   * Issues a certificate.
   *
   * @throws IOException when the cluster's authority cannot sign
   */
  void issue() throws IOException {
    ClusterAuthority authority = ca.forCluster(cluster);
    TrustBundle roots = ca.trustBundle();
    try {
      WorkloadCertificate certificate = authority.issue(id, lifetime);
      String version =
          String.join(
              ".",
              prefix(authority.fingerprint()),
              Long.toString(certificate.notBefore().getEpochSecond()),
              Long.toString(certificate.notAfter().getEpochSecond()),
              certificate.serial());
      layer =
          Layer.of(
              List.of(
                  SecretGenerator.workload(certificate.chainPem(), certificate.keyPem(), version),
                  SecretGenerator.trustBundle(roots.pem())));
      renewAt = certificate.renewAt();
      bundle = roots.fingerprint();
    } catch (GeneralSecurityException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  Layer layer() {
    return layer;
  }

  /** When the certificate is due; at once when the roots are others than it was sent with. */
  Instant renewAt() {
    return ca.trustBundle().fingerprint().equals(bundle) ? renewAt : Instant.MIN;
  }

  private String prefix(String issuer) {
    return Fingerprint.of(id.uri().getBytes(StandardCharsets.UTF_8)) + "." + issuer;
  }

  @Override
  public boolean isCurrent(String name, String clientVersion, String currentVersion) {
    if (!name.equals(SecretGenerator.WORKLOAD)) {
      return clientVersion.equals(currentVersion);
    }
    try {
      String expected = prefix(ca.forCluster(cluster).fingerprint()) + ".";
      if (!clientVersion.startsWith(expected) || clientVersion.length() > 200) {
        return false;
      }
      String[] times = clientVersion.substring(expected.length()).split("\\.", -1);
      if (times.length != 3) {
        return false;
      }
      Instant start = Instant.ofEpochSecond(Long.parseLong(times[0]));
      Instant end = Instant.ofEpochSecond(Long.parseLong(times[1]));
      Instant due = RenewalSchedule.renewAt(start, end, 0.5);
      Instant now = clock.instant();
      boolean tooLong =
          Duration.between(start, end).compareTo(lifetime.plus(CertificateTemplate.BACKDATE)) > 0;
      if (tooLong || start.isAfter(now) || !now.isBefore(due)) {
        return false;
      }
      if (due.isBefore(renewAt)) {
        renewAt = due;
      }
      return true;
    } catch (NumberFormatException | DateTimeException | ArithmeticException | IOException e) {
      // The version is the client's text: a time that no certificate can have is not current.
      return false;
    }
  }
}
