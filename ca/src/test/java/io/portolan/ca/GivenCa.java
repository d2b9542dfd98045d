package io.portolan.ca;

import io.portolan.ca.store.CaMaterial;
import io.portolan.ca.trust.Pem;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A CA as an operator brings it, sound or not, made without the code under test. */
record GivenCa(X509Certificate certificate, KeyPair keys) {
  static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  /**
   * What it may.
   *
   * @param pathLength -1: not an authority; {@link Integer#MAX_VALUE}: without a limit
   */
  record Rights(int pathLength, boolean certSign, Instant from, Instant to) {
    static final Rights ANY = new Rights(Integer.MAX_VALUE, true, START, day(3650));

    Rights pathLength(int length) {
      return new Rights(length, certSign, from, to);
    }

    Rights withoutCertSign() {
      return new Rights(pathLength, false, from, to);
    }

    Rights between(Instant start, Instant end) {
      return new Rights(pathLength, certSign, start, end);
    }
  }

  static Instant day(int days) {
    return START.plus(Duration.ofDays(days));
  }

  static GivenCa root(String name) {
    return root(name, Rights.ANY, ec("secp256r1"));
  }

  static GivenCa root(String name, Rights rights, KeyPair keys) {
    X500Name subject = new X500Name("CN=" + name);
    return new GivenCa(certificate(subject, keys, subject, keys, rights), keys);
  }

  GivenCa below(String name, Rights rights) {
    return below(name, rights, ec("secp256r1"));
  }

  GivenCa below(String name, Rights rights, KeyPair own) {
    X500Name issuer = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
    return new GivenCa(certificate(issuer, keys, new X500Name("CN=" + name), own, rights), own);
  }

  /** The four files: this one signs, {@code above} lead to and end with the root. */
  Map<String, byte[]> files(GivenCa... above) {
    List<X509Certificate> path = new ArrayList<>(List.of(certificate));
    for (GivenCa each : above) {
      path.add(each.certificate());
    }
    List<X509Certificate> chain = path.size() == 1 ? path : path.subList(0, path.size() - 1);
    Map<String, byte[]> files = new HashMap<>();
    files.put(CaMaterial.ROOT, Pem.of(List.of(path.getLast())));
    files.put(CaMaterial.CHAIN, Pem.of(chain));
    files.put(CaMaterial.CERT, Pem.of(List.of(certificate)));
    files.put(CaMaterial.KEY, Pem.of("PRIVATE KEY", keys.getPrivate().getEncoded()));
    return files;
  }

  static KeyPair ec(String curve) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec(curve));
      return generator.generateKeyPair();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  static KeyPair rsa(int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static X509Certificate certificate(
      X500Name issuer, KeyPair issuerKeys, X500Name subject, KeyPair keys, Rights rights) {
    try {
      var builder =
          new JcaX509v3CertificateBuilder(
              issuer,
              BigInteger.valueOf(subject.hashCode()).abs().add(BigInteger.ONE),
              Date.from(rights.from()),
              Date.from(rights.to()),
              subject,
              keys.getPublic());
      BasicConstraints constraints =
          switch (rights.pathLength()) {
            case -1 -> new BasicConstraints(false);
            case Integer.MAX_VALUE -> new BasicConstraints(true);
            default -> new BasicConstraints(rights.pathLength());
          };
      builder.addExtension(Extension.basicConstraints, true, constraints);
      builder.addExtension(
          Extension.keyUsage,
          true,
          new KeyUsage(rights.certSign() ? KeyUsage.keyCertSign : KeyUsage.digitalSignature));
      String algorithm =
          issuerKeys.getPrivate().getAlgorithm().equals("RSA")
              ? "SHA256withRSA"
              : "SHA256withECDSA";
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(new JcaContentSignerBuilder(algorithm).build(issuerKeys.getPrivate())));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Pieces of the key's encodings that no text may show. */
  List<String> secrets() {
    return secrets(keys.getPrivate().getEncoded());
  }

  static List<String> secrets(byte[] encoded) {
    String base64 = java.util.Base64.getEncoder().encodeToString(encoded);
    String hex = java.util.HexFormat.of().formatHex(encoded);
    List<String> pieces = new ArrayList<>();
    // The first 36 bytes name the algorithm and are the same for every key.
    for (int at = 48; at + 12 <= base64.length(); at += 6) {
      pieces.add(base64.substring(at, at + 12));
    }
    for (int at = 72; at + 16 <= hex.length(); at += 8) {
      pieces.add(hex.substring(at, at + 16));
    }
    return Collections.unmodifiableList(pieces);
  }
}
