package io.portolan.ca;

import static io.portolan.ca.GivenCa.START;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.validate.CertificateCheck;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** One broken field at a time: a rule of the template whose check is missing shows here. */
class CertificateCheckTest {
  private static final SpiffeId WEB = new SpiffeId("td.example", "demo", "web");
  private static final GivenCa CA = GivenCa.root("root");
  private static final KeyPair KEYS = GivenCa.ec("secp256r1");
  private static final KeyPair OTHER = GivenCa.ec("secp256r1");
  private static final Duration DAY = Duration.ofDays(1);
  private static final GeneralName URI =
      new GeneralName(GeneralName.uniformResourceIdentifier, WEB.uri());

  /** A sound leaf until a test changes a field. */
  private static final class Leaf {
    private BigInteger serial = BigInteger.ONE.shiftLeft(128);
    private Instant from = START.minusSeconds(120);
    private Instant to = START.plus(DAY);
    private X500Name subject = new X500Name("");
    private X500Name issuer = new X500Name("CN=root");
    private BasicConstraints constraints = new BasicConstraints(false);
    private int usage = KeyUsage.digitalSignature;
    private boolean usageCritical = true;
    private List<KeyPurposeId> purposes =
        List.of(KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth);
    private List<GeneralName> names = List.of(URI);
    private boolean namesCritical = true;
    private PublicKey key = KEYS.getPublic();
    private PublicKey identifier = KEYS.getPublic();
    private boolean authorityIdentifier = true;
    private boolean comment;
    private PrivateKey signer = CA.keys().getPrivate();
    private String algorithm = "SHA256withECDSA";

    X509Certificate made() throws Exception {
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              issuer, serial, Date.from(from), Date.from(to), subject, key);
      var tools = new JcaX509ExtensionUtils();
      builder.addExtension(Extension.basicConstraints, true, constraints);
      builder.addExtension(Extension.keyUsage, usageCritical, new KeyUsage(usage));
      builder.addExtension(
          Extension.extendedKeyUsage,
          false,
          new ExtendedKeyUsage(purposes.toArray(KeyPurposeId[]::new)));
      if (!names.isEmpty()) {
        builder.addExtension(
            Extension.subjectAlternativeName,
            namesCritical,
            new GeneralNames(names.toArray(GeneralName[]::new)));
      }
      builder.addExtension(
          Extension.subjectKeyIdentifier, false, tools.createSubjectKeyIdentifier(identifier));
      if (authorityIdentifier) {
        builder.addExtension(
            Extension.authorityKeyIdentifier,
            false,
            tools.createAuthorityKeyIdentifier(CA.keys().getPublic()));
      }
      if (comment) {
        builder.addExtension(
            new Extension(
                new org.bouncycastle.asn1.ASN1ObjectIdentifier("2.16.840.1.113730.1.13"),
                false,
                new DERUTF8String("x").getEncoded()));
      }
      return new JcaX509CertificateConverter()
          .getCertificate(builder.build(new JcaContentSignerBuilder(algorithm).build(signer)));
    }
  }

  private static List<String> problems(Leaf leaf) throws Exception {
    return CertificateCheck.workload(
        leaf.made(), CA.certificate(), WEB, KEYS.getPublic(), START, DAY);
  }

  private static Arguments broken(String expected, Consumer<Leaf> change) {
    return Arguments.of(expected, change);
  }

  static Stream<Arguments> rules() {
    GeneralName dns = new GeneralName(GeneralName.dNSName, "web");
    GeneralName other =
        new GeneralName(GeneralName.uniformResourceIdentifier, "spiffe://td.example/ns/x/sa/y");
    return Stream.of(
        broken("serial number of 64 bits", l -> l.serial = BigInteger.ONE.shiftLeft(63)),
        broken("serial number of 161 bits", l -> l.serial = BigInteger.ONE.shiftLeft(160)),
        broken("expected positive", l -> l.serial = BigInteger.ONE.shiftLeft(128).negate()),
        broken("starts at", l -> l.from = START.plusSeconds(60)),
        broken("starts at", l -> l.from = START.minusSeconds(3600)),
        broken("lives longer than", l -> l.to = START.plus(DAY).plusSeconds(1)),
        broken("outlives its issuer", l -> l.to = GivenCa.day(3651)),
        broken("has expired already", l -> l.to = START.minusSeconds(1)),
        broken("subject is not empty", l -> l.subject = new X500Name("CN=admin")),
        broken("issuer name is not", l -> l.issuer = new X500Name("CN=somebody")),
        broken("is an authority", l -> l.constraints = new BasicConstraints(true)),
        broken("key usage bits", l -> l.usage |= KeyUsage.keyCertSign),
        broken("key usage bits", l -> l.usage |= KeyUsage.cRLSign),
        broken("key usage bits", l -> l.usage |= KeyUsage.keyEncipherment),
        broken("key usage bits", l -> l.usage = KeyUsage.keyAgreement),
        broken("critical extensions", l -> l.usageCritical = false),
        broken("extended key usage", l -> l.purposes = List.of(KeyPurposeId.id_kp_clientAuth)),
        broken("extended key usage", l -> l.purposes = List.of(KeyPurposeId.anyExtendedKeyUsage)),
        broken("0 subject alternative names", l -> named(l).names = List.of()),
        broken("2 subject alternative names", l -> l.names = List.of(URI, dns)),
        broken("2 subject alternative names", l -> l.names = List.of(URI, other)),
        broken("is not spiffe://td.example", l -> l.names = List.of(other)),
        broken("is not spiffe://td.example", l -> l.names = List.of(dns)),
        broken("critical extensions", l -> named(l).namesCritical = false),
        broken("public key is not", l -> l.key = OTHER.getPublic()),
        broken("subject key identifier", l -> l.identifier = OTHER.getPublic()),
        broken("other extensions", l -> l.authorityIdentifier = false),
        broken("other extensions", l -> l.comment = true),
        broken("signature does not verify", l -> l.signer = OTHER.getPrivate()),
        broken("signature algorithm is", l -> l.algorithm = "SHA1withECDSA"));
  }

  /** Java does not read a certificate without subject that has no critical name. */
  private static Leaf named(Leaf leaf) {
    leaf.subject = new X500Name("CN=web");
    return leaf;
  }

  @ParameterizedTest(name = "{index}: {0}")
  @MethodSource("rules")
  void aBrokenRuleIsFound(String expected, Consumer<Leaf> change) throws Exception {
    Leaf leaf = new Leaf();
    assertEquals(List.of(), problems(leaf));
    change.accept(leaf);
    List<String> found = problems(leaf);
    assertTrue(found.stream().anyMatch(p -> p.contains(expected)), found::toString);
  }

  @Test
  void keysThatAreNotAllowedAreFound() throws Exception {
    Leaf leaf = new Leaf();
    KeyPair p521 = GivenCa.ec("secp521r1");
    leaf.key = p521.getPublic();
    leaf.identifier = p521.getPublic();
    assertEquals(
        List.of("EC curve is not allowed (expected P-256 or P-384)"),
        CertificateCheck.workload(
            leaf.made(), CA.certificate(), WEB, p521.getPublic(), START, DAY));
  }

  @Test
  void authoritiesAndServersAreChecked() throws Exception {
    X509Certificate leaf = new Leaf().made();
    assertTrue(
        CertificateCheck.intermediate(leaf, CA.certificate(), KEYS.getPublic(), START, DAY).stream()
            .anyMatch(p -> p.contains("path length is -1")));
    assertTrue(
        CertificateCheck.root(leaf, KEYS.getPublic(), START, DAY).stream()
            .anyMatch(p -> p.contains("path length is -1")));
    List<String> server =
        CertificateCheck.server(
            leaf, CA.certificate(), List.of("a.example", "::1"), KEYS.getPublic(), START, DAY);
    assertTrue(server.stream().anyMatch(p -> p.contains("another kind of name")), server::toString);
  }
}
