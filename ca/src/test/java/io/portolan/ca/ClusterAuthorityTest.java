package io.portolan.ca;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.sign.ClusterAuthority;
import io.portolan.ca.sign.WorkloadCertificate;
import io.portolan.ca.store.CaDirectory;
import io.portolan.ca.trust.Pem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterAuthorityTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final SpiffeId WEB = new SpiffeId("td.example", "demo", "web");

  @TempDir Path root;
  private Instant now = START;

  private CaDirectory open() throws IOException {
    Path data = root.resolve("data");
    return CaDirectory.open(
        data, data.resolve("ca"), "td.example", Duration.ofHours(24), () -> now);
  }

  private static X509Certificate leaf(WorkloadCertificate made) throws GeneralSecurityException {
    return Pem.certificates(made.chainPem()).getFirst();
  }

  @Test
  void certificatesOfTwoClustersLeadToTheSharedRoot() throws Exception {
    CaDirectory ca = open();
    for (String cluster : List.of("east", "west")) {
      WorkloadCertificate made = ca.forCluster(cluster).issue(WEB, Duration.ofHours(24));
      List<X509Certificate> chain = Pem.certificates(made.chainPem());
      assertEquals(2, chain.size(), "leaf and intermediate, no root");
      PKIXParameters parameters =
          new PKIXParameters(Set.of(new TrustAnchor(ca.trustBundle().roots().getFirst(), null)));
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(START));
      CertPathValidator.getInstance("PKIX")
          .validate(CertificateFactory.getInstance("X.509").generateCertPath(chain), parameters);
    }
    assertNotEquals(ca.forCluster("east").fingerprint(), ca.forCluster("west").fingerprint());
  }

  @Test
  void aWorkloadCertificateIsAnSvid() throws Exception {
    X509Certificate leaf = leaf(open().forCluster("east").issue(WEB, Duration.ofHours(24)));
    assertEquals(
        List.of(List.of(6, "spiffe://td.example/ns/demo/sa/web")),
        List.copyOf(leaf.getSubjectAlternativeNames()));
    assertTrue(leaf.getCriticalExtensionOIDs().contains("2.5.29.17"));
    assertEquals(-1, leaf.getBasicConstraints());
    assertTrue(leaf.getKeyUsage()[0]);
    assertFalse(leaf.getKeyUsage()[2], "no key encipherment for an EC key");
    assertFalse(leaf.getKeyUsage()[5]);
    assertEquals("", leaf.getSubjectX500Principal().getName());
    assertEquals(START.minus(Duration.ofMinutes(2)), leaf.getNotBefore().toInstant());
    assertTrue(leaf.getSerialNumber().bitLength() >= 128);
  }

  @Test
  void noCertificateOutlivesItsIssuerOrTheLimit() throws Exception {
    ClusterAuthority authority = open().forCluster("east");
    assertEquals(
        START.plus(Duration.ofHours(24)), authority.issue(WEB, Duration.ofDays(900)).notAfter());
    now = authority.certificate().getNotAfter().toInstant().minus(Duration.ofHours(1));
    assertEquals(
        authority.certificate().getNotAfter().toInstant(),
        authority.issue(WEB, Duration.ofHours(24)).notAfter());
    now = authority.certificate().getNotAfter().toInstant().plus(Duration.ofHours(1));
    GeneralSecurityException refused =
        assertThrows(
            GeneralSecurityException.class, () -> authority.issue(WEB, Duration.ofHours(1)));
    assertTrue(String.valueOf(refused.getMessage()).contains("expired"), refused.getMessage());
  }

  @Test
  void anIntermediateNearItsEndIsReplaced() throws Exception {
    CaDirectory ca = open();
    String first = ca.forCluster("east").fingerprint();
    now = START.plus(Duration.ofDays(200));
    assertEquals(first, ca.forCluster("east").fingerprint());
    now = START.plus(Duration.ofDays(300));
    assertNotEquals(first, ca.forCluster("east").fingerprint());
  }

  @Test
  void aRestartKeepsRootAndIntermediates() throws Exception {
    String fingerprint = open().forCluster("east").fingerprint();
    byte[] bundle = open().trustBundle().pem();
    assertEquals(fingerprint, open().forCluster("east").fingerprint());
    assertArrayEquals(bundle, open().trustBundle().pem());
  }

  @Test
  void renewalIsDueAtHalfLife() throws Exception {
    WorkloadCertificate made = open().forCluster("east").issue(WEB, Duration.ofHours(24));
    assertEquals(
        made.notBefore().plus(Duration.between(made.notBefore(), made.notAfter()).dividedBy(2)),
        made.renewAt());
  }

  @Test
  void badMaterialIsNamedWithItsFile() throws Exception {
    open();
    Path ca = root.resolve("data/ca");
    Path key = ca.resolve("ca-key.pem");
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r-----"));
    assertTrue(message().contains("chmod 600"));
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
    byte[] good = Files.readAllBytes(key);
    Files.writeString(key, "not a key");
    assertTrue(message().contains("ca-key.pem: not"), message());
    Path other = root.resolve("other");
    CaDirectory.open(other, other.resolve("ca"), "td.example", Duration.ofHours(1), () -> now);
    Files.write(key, Files.readAllBytes(other.resolve("ca/ca-key.pem")));
    assertTrue(message().contains("ca-key.pem: does not belong to ca-cert.pem"), message());
    Files.write(key, good);
    Files.delete(ca.resolve("root-cert.pem"));
    assertTrue(message().contains("root-cert.pem: missing"), message());
  }

  private String message() {
    return String.valueOf(assertThrows(IOException.class, this::open).getMessage());
  }

  @Test
  void keysAreNeverShown() throws Exception {
    CaDirectory ca = open();
    WorkloadCertificate made = ca.forCluster("east").issue(WEB, Duration.ofHours(1));
    String key = new String(made.keyPem(), StandardCharsets.US_ASCII);
    String body = key.substring(key.indexOf('\n') + 1, key.indexOf('\n') + 40);
    assertFalse(made.toString().contains(body));
    assertFalse(ca.top().toString().contains("PRIVATE"));
    assertEquals(
        "rw-------",
        PosixFilePermissions.toString(
            Files.getPosixFilePermissions(root.resolve("data/intermediates/east/ca-key.pem"))));
  }

  @Test
  void identitiesFollowTheSpiffeRules() {
    assertEquals(WEB, SpiffeId.parse(WEB.uri()));
    for (String bad : List.of("", "a/b", "..", "a%20b", "ä")) {
      assertThrows(IllegalArgumentException.class, () -> new SpiffeId("td", bad, "web"));
    }
    assertThrows(IllegalArgumentException.class, () -> new SpiffeId("TD.Example", "demo", "web"));
    assertThrows(IllegalArgumentException.class, () -> SpiffeId.parse("https://td/ns/a/sa/b"));
    assertThrows(IllegalArgumentException.class, () -> SpiffeId.parse("spiffe://td/ns/a/sa/b/c"));
  }
}
