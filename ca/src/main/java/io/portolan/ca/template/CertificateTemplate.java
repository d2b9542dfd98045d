package io.portolan.ca.template;

import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.sign.SigningKey;
import io.portolan.ca.trust.Fingerprint;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.IPAddress;

/**
 * The contents of the kinds of certificate. A serial number is positive, unique for its issuer and
 * at least 64 random bits. Sources: RFC 5280 §4, SPIFFE X509-SVID §4 and Envoy's enforcement of key
 * usage.
 */
public final class CertificateTemplate {
  /** How far {@code notBefore} lies in the past, for clocks that are behind. */
  public static final Duration BACKDATE = Duration.ofMinutes(2);

  private static final int NAME_MOST = 64;

  private CertificateTemplate() {}

  /** A self-signed root for this trust domain. */
  public static X509Certificate root(
      String trustDomain, KeyPair keys, BigInteger serial, Instant now, Duration lifetime)
      throws GeneralSecurityException {
    X500Name name = name("Portolan root", trustDomain);
    var builder =
        new JcaX509v3CertificateBuilder(
            name,
            serial,
            Date.from(now.minus(BACKDATE)),
            Date.from(now.plus(lifetime)),
            name,
            keys.getPublic());
    try {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(2));
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      builder.addExtension(
          Extension.subjectKeyIdentifier,
          false,
          new JcaX509ExtensionUtils().createSubjectKeyIdentifier(keys.getPublic()));
    } catch (IOException e) {
      throw new GeneralSecurityException("root certificate: " + e.getMessage(), e);
    }
    return sign(builder, keys.getPrivate());
  }

  /** An authority for one cluster that may sign workloads and nothing else. */
  public static X509Certificate intermediate(
      SigningKey issuer,
      String cluster,
      String trustDomain,
      PublicKey key,
      BigInteger serial,
      Instant now,
      Duration lifetime)
      throws GeneralSecurityException {
    var builder = builder(issuer, clusterName(cluster, trustDomain), key, serial, now, lifetime);
    try {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      identifiers(builder, issuer, key);
    } catch (IOException e) {
      throw new GeneralSecurityException("intermediate certificate: " + e.getMessage(), e);
    }
    return sign(builder, issuer.key());
  }

  /** The subject of a cluster's authority, DER. */
  public static byte[] intermediateName(String cluster, String trustDomain) {
    try {
      return clusterName(cluster, trustDomain).getEncoded();
    } catch (IOException e) {
      throw new IllegalStateException("a built name always has an encoding", e);
    }
  }

  private static X500Name clusterName(String cluster, String trustDomain) {
    return name("Portolan cluster " + cluster, trustDomain);
  }

  /** A workload's X.509-SVID: no subject, one URI name. */
  public static X509Certificate workload(
      SigningKey issuer,
      SpiffeId id,
      PublicKey key,
      BigInteger serial,
      Instant now,
      Duration lifetime)
      throws GeneralSecurityException {
    var builder = builder(issuer, new X500Name(new RDN[0]), key, serial, now, lifetime);
    GeneralNames names =
        new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, id.uri()));
    return leaf(builder, issuer, key, names, true);
  }

  /** A server's certificate with DNS names and addresses. */
  public static X509Certificate server(
      SigningKey issuer,
      List<String> names,
      PublicKey key,
      BigInteger serial,
      Instant now,
      Duration lifetime)
      throws GeneralSecurityException {
    var builder = builder(issuer, name("Portolan control plane", ""), key, serial, now, lifetime);
    GeneralName[] all =
        names.stream()
            .map(
                n ->
                    new GeneralName(
                        IPAddress.isValid(n) ? GeneralName.iPAddress : GeneralName.dNSName, n))
            .toArray(GeneralName[]::new);
    return leaf(builder, issuer, key, new GeneralNames(all), false);
  }

  private static X509Certificate leaf(
      X509v3CertificateBuilder builder,
      SigningKey issuer,
      PublicKey key,
      GeneralNames names,
      boolean namesCritical)
      throws GeneralSecurityException {
    int usage = KeyUsage.digitalSignature;
    if (key.getAlgorithm().equals("RSA")) {
      usage |= KeyUsage.keyEncipherment;
    }
    try {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
      builder.addExtension(
          Extension.extendedKeyUsage,
          false,
          new ExtendedKeyUsage(
              new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}));
      // RFC 5280 §4.2.1.6: critical where the subject is empty.
      builder.addExtension(Extension.subjectAlternativeName, namesCritical, names);
      identifiers(builder, issuer, key);
    } catch (IOException e) {
      throw new GeneralSecurityException("leaf certificate: " + e.getMessage(), e);
    }
    return sign(builder, issuer.key());
  }

  private static X509v3CertificateBuilder builder(
      SigningKey issuer,
      X500Name subject,
      PublicKey key,
      BigInteger serial,
      Instant now,
      Duration lifetime) {
    Instant end = now.plus(lifetime);
    Instant issuerEnd = issuer.certificate().getNotAfter().toInstant();
    Instant notAfter = end.isBefore(issuerEnd) ? end : issuerEnd;
    X500Name issuerName =
        X500Name.getInstance(issuer.certificate().getSubjectX500Principal().getEncoded());
    return new JcaX509v3CertificateBuilder(
        issuerName, serial, Date.from(now.minus(BACKDATE)), Date.from(notAfter), subject, key);
  }

  private static void identifiers(
      X509v3CertificateBuilder builder, SigningKey issuer, PublicKey key)
      throws GeneralSecurityException, IOException {
    var extensions = new JcaX509ExtensionUtils();
    builder.addExtension(
        Extension.subjectKeyIdentifier, false, extensions.createSubjectKeyIdentifier(key));
    // The issuer's own identifier where it has one: a given CA may compute it in another way.
    byte[] own = issuer.certificate().getExtensionValue(Extension.subjectKeyIdentifier.getId());
    builder.addExtension(
        Extension.authorityKeyIdentifier,
        false,
        own == null
            ? extensions.createAuthorityKeyIdentifier(issuer.certificate().getPublicKey())
            : new AuthorityKeyIdentifier(
                SubjectKeyIdentifier.getInstance(JcaX509ExtensionUtils.parseExtensionValue(own))
                    .getKeyIdentifier()));
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
      throws GeneralSecurityException {
    String algorithm = key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
    try {
      return new JcaX509CertificateConverter()
          .getCertificate(builder.build(new JcaContentSignerBuilder(algorithm).build(key)));
    } catch (OperatorCreationException e) {
      throw new GeneralSecurityException("cannot sign with " + algorithm, e);
    }
  }

  private static X500Name name(String common, String organization) {
    var builder = new X500NameBuilder();
    if (!organization.isEmpty()) {
      builder.addRDN(BCStyle.O, shorten(organization));
    }
    builder.addRDN(BCStyle.CN, shorten(common));
    return builder.build();
  }

  /** RFC 5280 appendix A.1: names have an upper bound of 64; a fingerprint keeps them apart. */
  private static String shorten(String text) {
    if (text.length() <= NAME_MOST) {
      return text;
    }
    String mark = "-" + Fingerprint.of(text.getBytes(StandardCharsets.UTF_8));
    return text.substring(0, NAME_MOST - mark.length()) + mark;
  }
}
