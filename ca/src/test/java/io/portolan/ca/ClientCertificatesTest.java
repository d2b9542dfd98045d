package io.portolan.ca;

import static io.portolan.ca.GivenCa.START;
import static io.portolan.ca.GivenCa.day;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.ca.GivenCa.Rights;
import io.portolan.ca.authn.AuthMethod;
import io.portolan.ca.authn.AuthResult;
import io.portolan.ca.authn.Authenticator;
import io.portolan.ca.authn.JoinIdentity;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.ca.authn.KubernetesTokens;
import io.portolan.ca.authn.PeerCredential;
import io.portolan.ca.authn.TokenReviewers;
import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.store.CaDirectory;
import io.portolan.ca.store.CaMaterial;
import io.portolan.ca.trust.Pem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A proxy that comes back with a certificate it got earlier. */
class ClientCertificatesTest {
  private static final SpiffeId WEB = new SpiffeId("td.example", "demo", "web");
  private static final Duration MONTHS = Duration.ofDays(300);

  @TempDir Path root;
  private Instant now = START;

  private CaDirectory own() throws IOException {
    Path data = root.resolve("data");
    return CaDirectory.open(data, data.resolve("ca"), "td.example", MONTHS, () -> now);
  }

  private CaDirectory given(Map<String, byte[]> files) throws IOException {
    return CaDirectory.open(root.resolve("data"), files, "td.example", MONTHS, () -> now);
  }

  private static List<X509Certificate> issue(CaDirectory ca, String cluster) throws Exception {
    return Pem.certificates(ca.forCluster(cluster).issue(WEB, MONTHS).chainPem());
  }

  private AuthResult verify(CaDirectory ca, List<X509Certificate> chain, String cluster)
      throws IOException {
    return authenticator(ca).authenticate(new PeerCredential.Certificate(chain, ""), cluster);
  }

  private Authenticator authenticator(CaDirectory ca) throws IOException {
    return new Authenticator(
        JoinTokens.open(root.resolve("data"), () -> now),
        new KubernetesTokens(TokenReviewers.NONE, KubernetesTokens.AUDIENCES, () -> now),
        ca,
        () -> now);
  }

  private void assertAccepted(CaDirectory ca, List<X509Certificate> chain, String cluster)
      throws IOException {
    AuthResult.Verified verified =
        assertInstanceOf(AuthResult.Verified.class, verify(ca, chain, cluster));
    assertEquals(new JoinIdentity(cluster, "demo", "web"), verified.identity());
    assertEquals(AuthMethod.CLIENT_CERTIFICATE, verified.method());
    assertEquals(chain.getFirst().getNotAfter().toInstant(), verified.expires());
  }

  private void assertRefused(
      String expected, CaDirectory ca, List<X509Certificate> chain, String cluster)
      throws IOException {
    AuthResult.Refused refused =
        assertInstanceOf(AuthResult.Refused.class, verify(ca, chain, cluster));
    assertTrue(refused.detail().contains(expected), refused.detail());
  }

  @Test
  void aCertificateStaysGoodWhenTheIntermediateIsRenewed() throws Exception {
    CaDirectory ca = own();
    issue(ca, "east");
    now = day(200);
    List<X509Certificate> before = issue(ca, "east");
    now = day(250);
    List<X509Certificate> after = issue(ca, "east");
    assertNotEquals(before.get(1), after.get(1), "the intermediate was renewed");
    assertAccepted(ca, before, "east");
    assertAccepted(ca, after, "east");
    assertAccepted(own(), before, "east");
    now = day(364);
    assertAccepted(ca, before, "east");
    now = day(366);
    assertRefused("validity", ca, before, "east");
  }

  @Test
  void aCertificateOfAnotherClusterIsRefused() throws Exception {
    CaDirectory ca = own();
    List<X509Certificate> east = issue(ca, "east");
    issue(ca, "west");
    assertRefused("not of cluster 'west'", ca, east, "west");
    assertRefused("not of cluster 'EAST'", ca, east, "EAST");
    assertRefused("not of cluster 'nowhere'", ca, east, "nowhere");
    assertRefused("no cluster is claimed", ca, east, "");
    assertRefused("visible ASCII", ca, east, "ea st");
  }

  @Test
  void theHeaderCountsBeforeTheNode() throws Exception {
    CaDirectory ca = own();
    var credential = new PeerCredential.Certificate(issue(ca, "east"), "west");
    assertInstanceOf(AuthResult.Refused.class, authenticator(ca).authenticate(credential, "east"));
  }

  @Test
  void anAdoptedAuthorityIsTiedToItsClusterOverReplacementAndRestart() throws Exception {
    GivenCa top = GivenCa.root("root");
    CaDirectory ca = given(top.files());
    List<X509Certificate> own = issue(ca, "east");
    ca.adopt("east", top.below("first", Rights.ANY.pathLength(0)).files(top));
    List<X509Certificate> first = issue(ca, "east");
    ca.adopt("east", top.below("second", Rights.ANY.pathLength(0)).files(top));
    List<X509Certificate> second = issue(ca, "east");
    for (CaDirectory each : List.of(ca, given(top.files()))) {
      for (List<X509Certificate> chain : List.of(own, first, second)) {
        assertAccepted(each, chain, "east");
        assertRefused("not of cluster 'west'", each, chain, "west");
      }
    }
  }

  @Test
  void anAdoptedAuthorityCannotNameAnIntermediateOfAnotherCluster() throws Exception {
    GivenCa top = GivenCa.root("root");
    CaDirectory ca = given(top.files());
    GivenCa greedy = top.below("east", Rights.ANY);
    ca.adopt("east", greedy.files(top));
    GivenCa posing = greedy.below("Portolan cluster west,O=td.example", Rights.ANY.pathLength(0));
    List<X509Certificate> chain =
        List.of(leaf(posing, Leaf.GOOD), posing.certificate(), greedy.certificate());
    assertRefused("not of cluster 'west'", ca, chain, "west");
  }

  @Test
  void clustersThatShareOneSignerAreNotToldApart() throws Exception {
    GivenCa top = GivenCa.root("root");
    GivenCa signer = top.below("signer", Rights.ANY.pathLength(0));
    CaDirectory ca = given(signer.files(top));
    List<X509Certificate> east = issue(ca, "east");
    assertAccepted(ca, east, "east");
    assertAccepted(ca, east, "west");
    ca.adopt("north", top.below("north", Rights.ANY.pathLength(0)).files(top));
    assertRefused("not of cluster 'north'", ca, east, "north");
  }

  private record Leaf(String uri, int usage, KeyPurposeId purpose, Instant from, Instant to) {
    static final Leaf GOOD =
        new Leaf(
            WEB.uri(), KeyUsage.digitalSignature, KeyPurposeId.id_kp_clientAuth, START, day(30));
  }

  private static X509Certificate leaf(GivenCa issuer, Leaf leaf) throws Exception {
    var builder =
        new JcaX509v3CertificateBuilder(
            X500Name.getInstance(issuer.certificate().getSubjectX500Principal().getEncoded()),
            BigInteger.valueOf(77),
            Date.from(leaf.from()),
            Date.from(leaf.to()),
            new X500Name(""),
            GivenCa.ec("secp256r1").getPublic());
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
    builder.addExtension(Extension.keyUsage, true, new KeyUsage(leaf.usage()));
    builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(leaf.purpose()));
    builder.addExtension(
        Extension.subjectAlternativeName,
        true,
        new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, leaf.uri())));
    return new JcaX509CertificateConverter()
        .getCertificate(
            builder.build(
                new JcaContentSignerBuilder("SHA256withECDSA").build(issuer.keys().getPrivate())));
  }

  @Test
  void everyPartOfTheChainMustHold() throws Exception {
    GivenCa top = GivenCa.root("root");
    CaDirectory ca = given(top.files());
    GivenCa east = top.below("east", Rights.ANY.pathLength(0));
    ca.adopt("east", east.files(top));
    Leaf good = Leaf.GOOD;
    now = day(2);
    assertAccepted(ca, List.of(leaf(east, good), east.certificate()), "east");
    assertAccepted(ca, List.of(leaf(east, good), east.certificate(), top.certificate()), "east");

    GivenCa stranger = GivenCa.root("root");
    Map<String, List<X509Certificate>> bad = new HashMap<>();
    bad.put("besides roots", List.of(top.certificate()));
    bad.put("chain", List.of(leaf(stranger, good)));
    bad.put("certificate 0", List.of(leaf(stranger, good), east.certificate()));
    bad.put("does not chain", List.of(leaf(east, good)));
    bad.put(
        "validity check failed (certificate 0",
        List.of(
            leaf(east, new Leaf(good.uri(), good.usage(), good.purpose(), START, day(1))),
            east.certificate()));
    bad.put(
        "digitalSignature",
        List.of(
            leaf(east, new Leaf(good.uri(), KeyUsage.keyAgreement, good.purpose(), START, day(3))),
            east.certificate()));
    bad.put(
        "clientAuth",
        List.of(
            leaf(
                east,
                new Leaf(good.uri(), good.usage(), KeyPurposeId.id_kp_serverAuth, START, day(3))),
            east.certificate()));
    bad.put(
        "trust domain 'other.example'",
        List.of(
            leaf(
                east,
                new Leaf(
                    "spiffe://other.example/ns/demo/sa/web",
                    good.usage(),
                    good.purpose(),
                    START,
                    day(3))),
            east.certificate()));
    GivenCa tooDeep = east.below("deep", Rights.ANY.pathLength(0));
    bad.put(
        "pathLenConstraint",
        List.of(leaf(tooDeep, good), tooDeep.certificate(), east.certificate()));
    bad.put("expected at most 8", java.util.Collections.nCopies(9, east.certificate()));
    for (var each : bad.entrySet()) {
      assertRefused(each.getKey(), ca, each.getValue(), "east");
    }
  }

  @Test
  void rootsChangeOneStepAtATime() throws Exception {
    GivenCa old = GivenCa.root("old");
    GivenCa next = GivenCa.root("next");
    CaDirectory ca = given(old.files());
    List<X509Certificate> before = issue(ca, "east");
    Map<String, byte[]> both = new HashMap<>(old.files());
    both.put(CaMaterial.ROOT, join(old, next));
    Map<String, byte[]> switched = new HashMap<>(next.files());
    switched.put(CaMaterial.ROOT, join(next, old));

    IOException early = assertThrows(IOException.class, () -> ca.replace(switched));
    assertTrue(early.getMessage().contains("first add it"), early.getMessage());
    assertTrue(ca.replace(both));
    assertFalse(ca.replace(both), "nothing changed");
    IOException hasty = assertThrows(IOException.class, () -> ca.replace(next.files()));
    assertTrue(hasty.getMessage().contains("root in use is missing"), hasty.getMessage());
    assertTrue(ca.replace(switched));
    List<X509Certificate> after = issue(ca, "east");
    assertAccepted(ca, before, "east");
    assertAccepted(ca, after, "east");
    assertRefused("not of cluster 'west'", ca, before, "west");
    assertTrue(ca.replace(next.files()));
    assertRefused("does not chain", ca, before, "east");
    assertAccepted(ca, after, "east");
  }

  private static byte[] join(GivenCa... roots) throws IOException {
    List<X509Certificate> all = new ArrayList<>();
    for (GivenCa each : roots) {
      all.add(each.certificate());
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(Pem.of(all));
    return out.toByteArray();
  }
}
