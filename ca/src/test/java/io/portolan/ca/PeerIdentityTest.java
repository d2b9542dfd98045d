package io.portolan.ca;

import static io.portolan.ca.GivenCa.START;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.ca.authn.PeerIdentity;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.Test;

class PeerIdentityTest {
  private static final GivenCa CA = GivenCa.root("root");
  private static final String WEB = "spiffe://td.example/ns/demo/sa/web";

  private static X509Certificate leaf(boolean authority, int usage, GeneralName... names)
      throws Exception {
    var builder =
        new JcaX509v3CertificateBuilder(
            new X500Name("CN=root"),
            BigInteger.TWO,
            Date.from(START),
            Date.from(GivenCa.day(1)),
            new X500Name("CN=leaf"),
            CA.keys().getPublic());
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
    builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
    if (names.length > 0) {
      builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
    }
    return new JcaX509CertificateConverter()
        .getCertificate(
            builder.build(
                new JcaContentSignerBuilder("SHA256withECDSA").build(CA.keys().getPrivate())));
  }

  private static GeneralName uri(String text) {
    return new GeneralName(GeneralName.uniformResourceIdentifier, text);
  }

  private static X509Certificate leaf(GeneralName... names) throws Exception {
    return leaf(false, KeyUsage.digitalSignature, names);
  }

  @Test
  void theOneUriNameIsTheIdentity() throws Exception {
    assertEquals(WEB, PeerIdentity.of(leaf(uri(WEB))).uri());
    GeneralName dns = new GeneralName(GeneralName.dNSName, "web.example");
    assertEquals(WEB, PeerIdentity.of(leaf(dns, uri(WEB))).uri());
  }

  @Test
  void anythingElseIsRefused() throws Exception {
    List<X509Certificate> bad =
        List.of(
            leaf(),
            leaf(uri(WEB), uri(WEB)),
            leaf(uri("https://example.com/")),
            leaf(uri("spiffe://td.example/other")),
            leaf(true, KeyUsage.digitalSignature, uri(WEB)),
            leaf(false, KeyUsage.digitalSignature | KeyUsage.keyCertSign, uri(WEB)),
            leaf(false, KeyUsage.cRLSign, uri(WEB)));
    for (X509Certificate each : bad) {
      GeneralSecurityException refused =
          assertThrows(GeneralSecurityException.class, () -> PeerIdentity.of(each));
      String message = String.valueOf(refused.getMessage());
      assertTrue(message.startsWith("client certificate"), message);
      assertFalse(message.contains("X509"), message);
    }
  }
}
