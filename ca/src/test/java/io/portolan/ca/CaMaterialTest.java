package io.portolan.ca;

import static io.portolan.ca.GivenCa.START;
import static io.portolan.ca.GivenCa.day;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.ca.GivenCa.Rights;
import io.portolan.ca.sign.SigningKey;
import io.portolan.ca.store.CaMaterial;
import io.portolan.ca.store.CaMaterialException;
import io.portolan.ca.trust.Pem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.security.interfaces.ECPrivateKey;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CaMaterialTest {
  private static final GivenCa ROOT = GivenCa.root("root");
  private static final GivenCa SIGNING = ROOT.below("signing", Rights.ANY);

  private static Map<String, byte[]> with(Map<String, byte[]> files, String name, byte[] content) {
    files.put(name, content);
    return files;
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] joined(byte[] first, byte[] second) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(first);
    out.writeBytes(second);
    return out.toByteArray();
  }

  private static Map<String, byte[]> good() {
    return SIGNING.files(ROOT);
  }

  static Stream<Arguments> unsound() {
    GivenCa other = GivenCa.root("other");
    GivenCa sameName = GivenCa.root("root");
    GivenCa old = GivenCa.root("root", Rights.ANY.between(day(-20), day(-1)), ROOT.keys());
    GivenCa early = ROOT.below("early", Rights.ANY.between(day(1), day(9)));
    GivenCa late = ROOT.below("late", Rights.ANY.between(day(-9), day(-1)));
    GivenCa leaf = ROOT.below("leaf", Rights.ANY.pathLength(-1));
    GivenCa mute = ROOT.below("mute", Rights.ANY.withoutCertSign());
    GivenCa shortRoot = GivenCa.root("short", Rights.ANY.pathLength(0), GivenCa.ec("secp256r1"));
    GivenCa middle = ROOT.below("middle", Rights.ANY.pathLength(-1));
    GivenCa weak = GivenCa.root("weak", Rights.ANY, GivenCa.rsa(1024));
    GivenCa p521 = GivenCa.root("p521", Rights.ANY, GivenCa.ec("secp521r1"));
    byte[] key = good().get(CaMaterial.KEY);
    byte[] locked = text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED");
    return Stream.of(
        Arguments.of("ca-key.pem: not readable", with(good(), CaMaterial.KEY, text("no key"))),
        Arguments.of("ca-key.pem: not readable", with(good(), CaMaterial.KEY, new byte[0])),
        Arguments.of("ca-key.pem: not readable", with(good(), CaMaterial.KEY, locked)),
        Arguments.of(
            "ca-key.pem: not readable",
            with(good(), CaMaterial.KEY, Arrays.copyOf(key, key.length / 2))),
        Arguments.of(
            "ca-key.pem: does not belong to ca-cert.pem",
            with(good(), CaMaterial.KEY, other.files().get(CaMaterial.KEY))),
        Arguments.of("ca-cert.pem: not readable", with(good(), CaMaterial.CERT, text("junk"))),
        Arguments.of("root-cert.pem: not readable", with(good(), CaMaterial.ROOT, key)),
        Arguments.of("cert-chain.pem: not readable", with(good(), CaMaterial.CHAIN, text("x"))),
        Arguments.of("does not lead to root-cert.pem", SIGNING.files(other)),
        Arguments.of("does not lead to root-cert.pem", SIGNING.files(sameName)),
        Arguments.of("root-cert.pem: expired at 2025-12-31T00:00:00Z", SIGNING.files(old)),
        Arguments.of("ca-cert.pem: expired at 2025-12-31T00:00:00Z", late.files(ROOT)),
        Arguments.of("ca-cert.pem: not valid before 2026-01-02", early.files(ROOT)),
        Arguments.of("ca-cert.pem: is not a CA certificate", leaf.files(ROOT)),
        Arguments.of("ca-cert.pem: may not sign certificates", mute.files(ROOT)),
        Arguments.of(
            "root-cert.pem: path length 0 (expected at least 1)",
            shortRoot.below("middle", Rights.ANY).files(shortRoot)),
        Arguments.of(
            "cert-chain.pem: is not a CA certificate",
            middle.below("low", Rights.ANY).files(middle, ROOT)),
        Arguments.of("root-cert.pem: is not self-signed", SIGNING.files()),
        Arguments.of("ca-cert.pem: RSA key of 1024 bits", weak.files()),
        Arguments.of("ca-cert.pem: EC curve is not allowed", p521.files()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("unsound")
  void unsoundMaterialIsRefusedWithFileAndReason(String expected, Map<String, byte[]> files) {
    CaMaterialException refused =
        assertThrows(CaMaterialException.class, () -> CaMaterial.parse(files, START));
    assertTrue(refused.problems().stream().anyMatch(p -> p.contains(expected)), refused::toString);
    assertTrue(refused.problems().stream().allMatch(p -> p.contains(".pem: ")), refused::toString);
  }

  @Test
  void everyReasonIsNamedAtOnce() {
    CaMaterialException refused =
        assertThrows(
            CaMaterialException.class,
            () ->
                CaMaterial.parse(
                    Map.of(CaMaterial.CERT, text("junk"), CaMaterial.KEY, text("junk")), START));
    assertEquals(
        List.of(
            "root-cert.pem: missing",
            "ca-cert.pem: not readable as PEM certificates",
            "ca-key.pem: not readable as an unencrypted PEM private key"),
        refused.problems());
  }

  @Test
  void aChainOfThreeIsFollowedWhateverItsOrder() throws IOException {
    GivenCa low = SIGNING.below("low", Rights.ANY);
    Map<String, byte[]> files = low.files(SIGNING, ROOT);
    byte[] turned = Pem.of(List.of(ROOT.certificate(), SIGNING.certificate(), low.certificate()));
    for (Map<String, byte[]> each : List.of(files, with(low.files(), CaMaterial.CHAIN, turned))) {
      each.put(CaMaterial.ROOT, Pem.of(List.of(ROOT.certificate())));
      SigningKey key = CaMaterial.parse(each, START).signing();
      assertEquals(List.of(low.certificate(), SIGNING.certificate()), key.chain());
      assertEquals(ROOT.certificate(), key.root());
    }
  }

  @Test
  void severalRootsAreAcceptedWhileOneIsReplaced() throws IOException {
    GivenCa next = GivenCa.root("next");
    GivenCa gone = GivenCa.root("gone", Rights.ANY.between(day(-9), day(-1)), next.keys());
    byte[] roots = Pem.of(List.of(next.certificate(), ROOT.certificate(), gone.certificate()));
    CaMaterial.Sound sound = CaMaterial.parse(with(good(), CaMaterial.ROOT, roots), START);
    assertEquals(ROOT.certificate(), sound.signing().root());
    assertEquals(List.of(next.certificate(), ROOT.certificate()), sound.roots());
  }

  @Test
  void keysInTheTraditionalFormAreRead() throws Exception {
    GivenCa rsa = GivenCa.root("rsa", Rights.ANY, GivenCa.rsa(2048));
    StringWriter pem = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(pem)) {
      writer.writeObject(rsa.keys().getPrivate());
    }
    assertTrue(pem.toString().contains("BEGIN RSA PRIVATE KEY"));
    Map<String, byte[]> files = with(rsa.files(), CaMaterial.KEY, text(pem.toString()));
    assertTrue(CaMaterial.parse(files, START).signing().isRoot());
    // RFC 5915 with the curve's name, after a block of parameters: what openssl ecparam writes.
    byte[] sec1 =
        new org.bouncycastle.asn1.sec.ECPrivateKey(
                256,
                ((ECPrivateKey) ROOT.keys().getPrivate()).getS(),
                SECObjectIdentifiers.secp256r1)
            .getEncoded();
    byte[] curve = Pem.of("EC PARAMETERS", SECObjectIdentifiers.secp256r1.getEncoded());
    files = with(ROOT.files(), CaMaterial.KEY, joined(curve, Pem.of("EC PRIVATE KEY", sec1)));
    assertTrue(CaMaterial.parse(files, START).signing().isRoot());
  }

  @Test
  void pathLengthsOfEveryCertificateAboveDecide() throws IOException {
    assertTrue(maySign(ROOT.files()));
    assertTrue(maySign(good()));
    assertFalse(maySign(ROOT.below("zero", Rights.ANY.pathLength(0)).files(ROOT)));
    GivenCa one = GivenCa.root("one", Rights.ANY.pathLength(1), GivenCa.ec("secp256r1"));
    assertTrue(maySign(one.files()));
    assertFalse(maySign(one.below("unlimited", Rights.ANY).files(one)), "the root allows one");
    GivenCa none = GivenCa.root("none", Rights.ANY.pathLength(0), GivenCa.ec("secp256r1"));
    assertFalse(maySign(none.files()));
  }

  private static boolean maySign(Map<String, byte[]> files) throws IOException {
    return CaMaterial.parse(files, START).signing().maySignAuthorities();
  }

  @Test
  void noTextShowsTheKey() throws Exception {
    SigningKey key = CaMaterial.parse(good(), START).signing();
    byte[] bytes = good().get(CaMaterial.KEY);
    List<Map<String, byte[]>> broken =
        List.of(
            with(good(), CaMaterial.ROOT, bytes),
            with(good(), CaMaterial.CERT, bytes),
            with(good(), CaMaterial.CHAIN, bytes),
            with(good(), CaMaterial.KEY, cut(bytes)));
    StringBuilder said = new StringBuilder(key.toString());
    for (Map<String, byte[]> files : broken) {
      for (Throwable e =
              assertThrows(CaMaterialException.class, () -> CaMaterial.parse(files, START));
          e != null;
          e = e.getCause()) {
        said.append(e);
      }
    }
    for (String piece : SIGNING.secrets()) {
      assertFalse(said.toString().contains(piece));
    }
  }

  private static byte[] cut(byte[] pem) {
    return Arrays.copyOf(pem, pem.length - 60);
  }
}
