package io.portolan.ca.validate;

import io.portolan.ca.identity.SpiffeId;
import java.io.IOException;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.jspecify.annotations.Nullable;

/**
 * Checks a made certificate against every rule of its template before it leaves. Every method gives
 * everything that is wrong, nothing when the certificate may leave. Sources: RFC 5280 §4.1 and
 * §4.2, SPIFFE X509-SVID §4 and §5.
 */
public final class CertificateCheck {
  private static final int DNS_NAME = 2;
  private static final int URI_NAME = 6;
  private static final int ADDRESS = 7;
  private static final int DIGITAL_SIGNATURE = 0;
  private static final int KEY_ENCIPHERMENT = 2;
  private static final int CERT_SIGN = 5;
  private static final int CRL_SIGN = 6;
  private static final int USAGES = 9;
  private static final int SERIAL_LEAST_BITS = 128;
  private static final int SERIAL_MOST_BITS = 159;
  private static final Duration LONGEST_BACKDATE = Duration.ofMinutes(5);

  private static final String SUBJECT_KEY = "2.5.29.14";
  private static final String KEY_USAGE = "2.5.29.15";
  private static final String NAMES = "2.5.29.17";
  private static final String BASIC_CONSTRAINTS = "2.5.29.19";
  private static final String AUTHORITY_KEY = "2.5.29.35";
  private static final String EXTENDED_USAGE = "2.5.29.37";
  private static final Set<String> BOTH_SIDES = Set.of("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");
  private static final Set<String> SIGNATURES = Set.of("SHA256WITHECDSA", "SHA256WITHRSA");

  private final List<String> problems = new ArrayList<>();
  private final X509Certificate made;
  private final X509Certificate issuer;

  private CertificateCheck(X509Certificate made, X509Certificate issuer) {
    this.made = made;
    this.issuer = issuer;
  }

  /** A workload's certificate for this identity and key. */
  public static List<String> workload(
      X509Certificate made,
      X509Certificate issuer,
      SpiffeId id,
      PublicKey key,
      Instant now,
      Duration longest) {
    CertificateCheck check = new CertificateCheck(made, issuer);
    check.common(key, now, longest);
    check.leaf();
    check.extensions(
        Set.of(BASIC_CONSTRAINTS, KEY_USAGE, NAMES),
        Set.of(EXTENDED_USAGE, SUBJECT_KEY, AUTHORITY_KEY));
    if (!made.getSubjectX500Principal().getName().isEmpty()) {
      check.problems.add("subject is not empty");
    }
    check.identity(id);
    return check.problems;
  }

  /** A server's certificate for these DNS names and addresses. */
  public static List<String> server(
      X509Certificate made,
      X509Certificate issuer,
      Collection<String> names,
      PublicKey key,
      Instant now,
      Duration longest) {
    CertificateCheck check = new CertificateCheck(made, issuer);
    check.common(key, now, longest);
    check.leaf();
    check.extensions(
        Set.of(BASIC_CONSTRAINTS, KEY_USAGE),
        Set.of(NAMES, EXTENDED_USAGE, SUBJECT_KEY, AUTHORITY_KEY));
    check.serverNames(names);
    return check.problems;
  }

  /** The authority of a cluster: signs leaves and nothing else. */
  public static List<String> intermediate(
      X509Certificate made, X509Certificate issuer, PublicKey key, Instant now, Duration longest) {
    CertificateCheck check = new CertificateCheck(made, issuer);
    check.common(key, now, longest);
    check.authority(0);
    check.extensions(Set.of(BASIC_CONSTRAINTS, KEY_USAGE), Set.of(SUBJECT_KEY, AUTHORITY_KEY));
    return check.problems;
  }

  /** A self-signed root. */
  public static List<String> root(
      X509Certificate made, PublicKey key, Instant now, Duration longest) {
    CertificateCheck check = new CertificateCheck(made, made);
    check.common(key, now, longest);
    check.authority(1);
    check.extensions(Set.of(BASIC_CONSTRAINTS, KEY_USAGE), Set.of(SUBJECT_KEY));
    return check.problems;
  }

  private void common(PublicKey key, Instant now, Duration longest) {
    if (made.getVersion() != 3) {
      problems.add("is not an X.509 v3 certificate");
    }
    int serialBits = made.getSerialNumber().bitLength();
    if (made.getSerialNumber().signum() <= 0
        || serialBits < SERIAL_LEAST_BITS
        || serialBits > SERIAL_MOST_BITS) {
      problems.add("serial number of " + serialBits + " bits (expected positive, 128 to 159)");
    }
    times(now, longest);
    key(key);
    if (!made.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())) {
      problems.add("issuer name is not the issuer's subject");
    }
    if (!SIGNATURES.contains(made.getSigAlgName().toUpperCase(Locale.ROOT))) {
      problems.add("signature algorithm is " + made.getSigAlgName());
    }
    try {
      made.verify(issuer.getPublicKey());
    } catch (GeneralSecurityException e) {
      problems.add("signature does not verify with the issuer's key");
    }
  }

  private void times(Instant now, Duration longest) {
    Instant start = made.getNotBefore().toInstant();
    Instant end = made.getNotAfter().toInstant();
    Instant issuerEnd = issuer.getNotAfter().toInstant();
    if (end.isAfter(issuerEnd)) {
      problems.add("outlives its issuer");
    }
    if (end.isAfter(now.plus(longest))) {
      problems.add("lives longer than " + longest);
    }
    if (!issuerEnd.isAfter(now)) {
      problems.add("its issuer has expired at " + issuerEnd);
    } else if (!end.isAfter(now)) {
      problems.add("has expired already at " + end);
    }
    if (start.isAfter(now) || start.isBefore(now.minus(LONGEST_BACKDATE))) {
      problems.add("starts at " + start + " (expected within 5 minutes before now)");
    }
  }

  private void key(PublicKey key) {
    if (!Arrays.equals(made.getPublicKey().getEncoded(), key.getEncoded())) {
      problems.add("public key is not the one that was asked for");
    }
    String refused = KeyPolicy.problem(made.getPublicKey());
    if (refused != null) {
      problems.add(refused);
    }
    try {
      byte[] expected =
          new JcaX509ExtensionUtils().createSubjectKeyIdentifier(key).getKeyIdentifier();
      if (!Arrays.equals(expected, subjectKey(made))) {
        problems.add("subject key identifier is not the key's");
      }
      byte[] above = subjectKey(issuer);
      if (!made.equals(issuer) && above != null && !Arrays.equals(above, authorityKey())) {
        problems.add("authority key identifier is not the issuer's subject key identifier");
      }
    } catch (IOException | IllegalArgumentException | GeneralSecurityException e) {
      problems.add("key identifiers cannot be read");
    }
  }

  private static byte @Nullable [] subjectKey(X509Certificate certificate) throws IOException {
    byte[] value = certificate.getExtensionValue(SUBJECT_KEY);
    return value == null
        ? null
        : SubjectKeyIdentifier.getInstance(JcaX509ExtensionUtils.parseExtensionValue(value))
            .getKeyIdentifier();
  }

  private byte @Nullable [] authorityKey() throws IOException {
    byte[] value = made.getExtensionValue(AUTHORITY_KEY);
    return value == null
        ? null
        : AuthorityKeyIdentifier.getInstance(JcaX509ExtensionUtils.parseExtensionValue(value))
            .getKeyIdentifierOctets();
  }

  private void leaf() {
    if (made.getBasicConstraints() >= 0) {
      problems.add("is an authority");
    }
    boolean encipherment = made.getPublicKey().getAlgorithm().equals("RSA");
    usage(encipherment ? Set.of(DIGITAL_SIGNATURE, KEY_ENCIPHERMENT) : Set.of(DIGITAL_SIGNATURE));
    try {
      List<String> purposes = made.getExtendedKeyUsage();
      if (purposes == null || !BOTH_SIDES.equals(Set.copyOf(purposes))) {
        problems.add("extended key usage is not server and client authentication");
      }
    } catch (GeneralSecurityException e) {
      problems.add("extended key usage cannot be read");
    }
  }

  private void authority(int pathLeast) {
    int path = made.getBasicConstraints();
    if (path < pathLeast || (pathLeast == 0 && path != 0)) {
      problems.add("path length is " + path);
    }
    usage(Set.of(CERT_SIGN, CRL_SIGN));
  }

  private void usage(Set<Integer> expected) {
    boolean[] bits = made.getKeyUsage();
    Set<Integer> found = new HashSet<>();
    for (int i = 0; bits != null && i < Math.min(bits.length, USAGES); i++) {
      if (bits[i]) {
        found.add(i);
      }
    }
    if (!found.equals(expected)) {
      problems.add("key usage bits are " + found + " (expected " + expected + ")");
    }
  }

  /** Exactly these extensions: one more may carry a name or a right that nobody asked for. */
  private void extensions(Set<String> critical, Set<String> others) {
    Set<String> foundCritical = made.getCriticalExtensionOIDs();
    Set<String> foundOthers = made.getNonCriticalExtensionOIDs();
    if (!critical.equals(foundCritical)) {
      problems.add("critical extensions are " + foundCritical + " (expected " + critical + ")");
    }
    if (!others.equals(foundOthers)) {
      problems.add("other extensions are " + foundOthers + " (expected " + others + ")");
    }
  }

  private void identity(SpiffeId id) {
    List<List<?>> names = names();
    if (names.size() != 1) {
      problems.add(names.size() + " subject alternative names (expected exactly 1)");
      return;
    }
    List<?> only = names.getFirst();
    if (!Integer.valueOf(URI_NAME).equals(only.get(0)) || !id.uri().equals(only.get(1))) {
      problems.add("subject alternative name is not " + id.uri());
    }
  }

  private void serverNames(Collection<String> expected) {
    Set<Object> wanted = new HashSet<>();
    for (String name : expected) {
      wanted.add(isAddress(name) ? InetAddress.ofLiteral(name) : name);
    }
    Set<Object> found = new HashSet<>();
    for (List<?> name : names()) {
      String text = String.valueOf(name.get(1));
      found.add(
          switch (name.get(0)) {
            case Integer kind when kind == DNS_NAME -> text;
            case Integer kind when kind == ADDRESS -> InetAddress.ofLiteral(text);
            default -> "another kind of name: " + text;
          });
    }
    if (!wanted.equals(found)) {
      problems.add("names are " + found + " (expected " + wanted + ")");
    }
  }

  private List<List<?>> names() {
    try {
      Collection<List<?>> names = made.getSubjectAlternativeNames();
      return names == null ? List.of() : List.copyOf(names);
    } catch (GeneralSecurityException e) {
      problems.add("subject alternative names cannot be read");
      return List.of();
    }
  }

  private static boolean isAddress(String text) {
    return org.bouncycastle.util.IPAddress.isValid(text);
  }
}
