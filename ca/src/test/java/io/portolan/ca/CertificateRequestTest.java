package io.portolan.ca;

import static io.portolan.ca.GivenCa.START;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.sign.ClusterAuthority;
import io.portolan.ca.sign.SigningKey;
import io.portolan.ca.sign.WorkloadCertificate;
import io.portolan.ca.trust.Pem;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.RSAKeyGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CertificateRequestTest {
  private static final SpiffeId WEB = new SpiffeId("td.example", "demo", "web");
  private static final GivenCa CA = GivenCa.root("root");
  private static final Duration DAY = Duration.ofDays(1);
  private static final KeyPair P256 = GivenCa.ec("secp256r1");
  private static final KeyPair RSA = GivenCa.rsa(2048);
  private static final byte[] GREEDY = greedy();

  private static ClusterAuthority authority(Instant now) {
    SigningKey key =
        new SigningKey(CA.certificate(), CA.keys().getPrivate(), List.of(), CA.certificate());
    return new ClusterAuthority("east", key, DAY, () -> now);
  }

  private static byte[] request(KeyPair keys, PrivateKey signer, String algorithm) {
    try {
      return new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=x"), keys.getPublic())
          .build(new JcaContentSignerBuilder(algorithm).build(signer))
          .getEncoded();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Asks for the rights of an authority and for names of others. */
  private static byte[] greedy() {
    try {
      ExtensionsGenerator wishes = new ExtensionsGenerator();
      wishes.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
      wishes.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign));
      wishes.addExtension(
          Extension.subjectAlternativeName,
          true,
          new GeneralNames(
              new GeneralName[] {
                new GeneralName(
                    GeneralName.uniformResourceIdentifier, "spiffe://td.example/ns/kube/sa/root"),
                new GeneralName(GeneralName.dNSName, "bank.example")
              }));
      return new JcaPKCS10CertificationRequestBuilder(
              new X500Name("O=admins,CN=admin"), P256.getPublic())
          .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, wishes.generate())
          .build(new JcaContentSignerBuilder("SHA256withECDSA").build(P256.getPrivate()))
          .getEncoded();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void everythingButTheKeyIsIgnored() throws Exception {
    WorkloadCertificate made = authority(START).issue(WEB, GREEDY, DAY, "test");
    X509Certificate leaf = Pem.certificates(made.chainPem()).getFirst();
    assertEquals("", leaf.getSubjectX500Principal().getName());
    assertEquals(List.of(List.of(6, WEB.uri())), List.copyOf(leaf.getSubjectAlternativeNames()));
    assertEquals(-1, leaf.getBasicConstraints());
    assertArrayEquals(P256.getPublic().getEncoded(), leaf.getPublicKey().getEncoded());
    assertEquals(0, made.keyPem().length, "the caller keeps its key");
  }

  @Test
  void rsaLeavesAlsoEncipherKeys() throws Exception {
    byte[] request = request(RSA, RSA.getPrivate(), "SHA256withRSA");
    X509Certificate leaf =
        Pem.certificates(authority(START).issue(WEB, request, DAY, "test").chainPem()).getFirst();
    assertTrue(leaf.getKeyUsage()[0] && leaf.getKeyUsage()[2]);
  }

  @Test
  void p384IsAllowed() throws Exception {
    KeyPair p384 = GivenCa.ec("secp384r1");
    byte[] request = request(p384, p384.getPrivate(), "SHA384withECDSA");
    assertEquals(WEB, authority(START).issue(WEB, request, DAY, "test").id());
  }

  static Stream<Arguments> refusals() throws Exception {
    KeyPair p521 = GivenCa.ec("secp521r1");
    KeyPair weak = GivenCa.rsa(1024);
    KeyPairGenerator three = KeyPairGenerator.getInstance("RSA");
    three.initialize(new RSAKeyGenParameterSpec(2048, RSAKeyGenParameterSpec.F0));
    KeyPair exponent = three.generateKeyPair();
    KeyPair edwards = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    PrivateKey stranger = GivenCa.ec("secp256r1").getPrivate();
    return Stream.of(
        Arguments.of("no proof of possession", request(P256, stranger, "SHA256withECDSA")),
        Arguments.of("EC curve", request(p521, p521.getPrivate(), "SHA512withECDSA")),
        Arguments.of("RSA key of 1024 bits", request(weak, weak.getPrivate(), "SHA256withRSA")),
        Arguments.of("RSA exponent", request(exponent, exponent.getPrivate(), "SHA256withRSA")),
        Arguments.of("not signed with", request(edwards, edwards.getPrivate(), "Ed25519")),
        Arguments.of("not signed with", request(P256, P256.getPrivate(), "SHA1withECDSA")),
        Arguments.of("not signed with", request(RSA, RSA.getPrivate(), "SHA1withRSA")),
        Arguments.of("cannot be read", new byte[0]),
        Arguments.of("cannot be read", new byte[] {0x30, 0x00}),
        Arguments.of("cannot be read", CA.certificate().getEncoded()),
        Arguments.of("16385 bytes", new byte[16 * 1024 + 1]));
  }

  @ParameterizedTest(name = "{index}: {0}")
  @MethodSource("refusals")
  void badRequestsAreRefused(String expected, byte[] csr) {
    GeneralSecurityException refused =
        assertThrows(
            GeneralSecurityException.class, () -> authority(START).issue(WEB, csr, DAY, "test"));
    assertTrue(String.valueOf(refused.getMessage()).contains(expected), refused::toString);
  }

  @Property(tries = 300)
  void garbageIsRefusedAndNothingElseHappens(@ForAll @Size(max = 400) byte[] csr) {
    assertThrows(
        GeneralSecurityException.class, () -> authority(START).issue(WEB, csr, DAY, "test"));
  }

  @Property(tries = 300)
  void aChangedRequestIsRefusedOrHasTheSameKey(
      @ForAll @IntRange(max = 10_000) int at, @ForAll @IntRange(min = 1, max = 255) int change)
      throws Exception {
    byte[] csr = GREEDY.clone();
    csr[at % csr.length] ^= (byte) change;
    try {
      WorkloadCertificate made = authority(START).issue(WEB, csr, DAY, "test");
      assertArrayEquals(
          P256.getPublic().getEncoded(),
          Pem.certificates(made.chainPem()).getFirst().getPublicKey().getEncoded());
    } catch (GeneralSecurityException refused) {
      assertTrue(String.valueOf(refused.getMessage()).startsWith("certificate request"));
    }
  }

  @Property(tries = 200)
  void noLifetimeAndNoClockOutlivesIssuerOrLimit(
      @ForAll @LongRange(min = -10, max = 4_000_000_000L) long lifetime,
      @ForAll @LongRange(min = -100_000, max = 320_000_000) long after)
      throws Exception {
    Instant now = START.plusSeconds(after);
    Instant issuerEnd = CA.certificate().getNotAfter().toInstant();
    try {
      WorkloadCertificate made =
          authority(now).issue(WEB, GREEDY, Duration.ofSeconds(lifetime), "test");
      assertTrue(!made.notAfter().isAfter(issuerEnd));
      assertTrue(!made.notAfter().isAfter(now.plus(DAY)));
      assertTrue(made.notAfter().isAfter(now));
      assertTrue(lifetime > 0);
    } catch (GeneralSecurityException refused) {
      assertTrue(lifetime <= 0 || !now.isBefore(issuerEnd), refused::toString);
    }
  }
}
