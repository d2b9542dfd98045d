package io.portolan.ca;

import static io.portolan.ca.GivenCa.START;
import static io.portolan.ca.GivenCa.day;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.ca.sign.ServerCertificate;
import io.portolan.ca.sign.SigningKey;
import io.portolan.ca.trust.Pem;
import io.portolan.ca.trust.TrustBundle;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ServerCertificateTest {
  private static final GivenCa ROOT = GivenCa.root("root");
  private static final GivenCa SIGNING = ROOT.below("signing", GivenCa.Rights.ANY);
  private static final Duration DAY = Duration.ofDays(1);

  private static SigningKey issuer() {
    return new SigningKey(
        SIGNING.certificate(),
        SIGNING.keys().getPrivate(),
        List.of(SIGNING.certificate()),
        ROOT.certificate());
  }

  private static ServerCertificate issue(String... names) throws GeneralSecurityException {
    return ServerCertificate.issue(issuer(), List.of(names), START, DAY);
  }

  @Test
  void namesAndAddressesAreThoseAskedForAndTheBuiltInOnes() throws Exception {
    List<X509Certificate> chain =
        Pem.certificates(
            issue("Mesh.Example", "*.mesh.example", "10.0.0.1", "::1", "localhost").chainPem());
    assertEquals(SIGNING.certificate(), chain.get(1));
    Set<Object> names =
        chain.getFirst().getSubjectAlternativeNames().stream()
            .map(n -> n.get(1))
            .collect(Collectors.toSet());
    assertEquals(
        Set.of(
            "portolan.local",
            "istiod.istio-system.svc",
            "localhost",
            "127.0.0.1",
            "mesh.example",
            "*.mesh.example",
            "10.0.0.1",
            "0:0:0:0:0:0:0:1"),
        names);
  }

  @Test
  void everyBadNameIsNamed() {
    String[] bad = {"", " ", "a b", "*", "a.*.b", "-a", "a-", "a..b", "300.1.1.1", "1.2", "a\n"};
    String message =
        String.valueOf(assertThrows(GeneralSecurityException.class, () -> issue(bad)).getMessage());
    for (String each : bad) {
      assertTrue(message.contains("'" + each + "'"), each);
    }
  }

  @Test
  void itNeverOutlivesItsIssuer() throws Exception {
    assertEquals(
        day(3650),
        ServerCertificate.issue(issuer(), List.of(), START, Duration.ofDays(9999)).notAfter());
    for (Duration bad : List.of(Duration.ZERO, Duration.ofDays(-1))) {
      assertThrows(
          GeneralSecurityException.class,
          () -> ServerCertificate.issue(issuer(), List.of(), START, bad));
    }
    assertThrows(
        GeneralSecurityException.class,
        () -> ServerCertificate.issue(issuer(), List.of(), day(3651), DAY));
  }

  @Test
  void noTextShowsAKey() throws Exception {
    ServerCertificate made = issue();
    String key = new String(made.keyPem(), StandardCharsets.US_ASCII);
    assertTrue(key.startsWith("-----BEGIN PRIVATE KEY-----"));
    for (String piece : SIGNING.secrets()) {
      assertFalse(issuer().toString().contains(piece));
    }
    assertFalse(made.toString().contains(key.lines().skip(1).findFirst().orElseThrow()));
  }

  @Test
  void equalRootsGiveEqualBundles() {
    GivenCa other = GivenCa.root("other");
    X509Certificate a = ROOT.certificate();
    X509Certificate b = other.certificate();
    TrustBundle first = new TrustBundle("td", List.of(a, b, a));
    assertEquals(first, new TrustBundle("td", List.of(b, a)));
    assertEquals(2, first.roots().size());
    assertEquals(first.fingerprint(), new TrustBundle("td", List.of(b, a)).fingerprint());
    assertNotEquals(first.fingerprint(), new TrustBundle("td", List.of(a)).fingerprint());
  }
}
