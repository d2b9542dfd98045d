package io.portolan.ca.store;

import io.portolan.ca.sign.SigningKey;
import io.portolan.ca.trust.Pem;
import io.portolan.ca.validate.KeyPolicy;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.jspecify.annotations.Nullable;

/**
 * The four files of a CA, read and checked together. Source of the names: Istio's {@code cacerts}.
 */
public final class CaMaterial {
  /** The root certificate; further ones are accepted but sign nothing. */
  public static final String ROOT = "root-cert.pem";

  /** From the signing certificate up; may be absent when the root signed that. */
  public static final String CHAIN = "cert-chain.pem";

  /** The signing certificate. */
  public static final String CERT = "ca-cert.pem";

  /** The signing key. */
  public static final String KEY = "ca-key.pem";

  private static final int CERT_SIGN = 5;
  private static final int LONGEST_PATH = 8;

  private final List<String> problems = new ArrayList<>();
  private final Map<String, byte[]> files;
  private final Instant now;

  private CaMaterial(Map<String, byte[]> files, Instant now) {
    this.files = files;
    this.now = now;
  }

  /**
   * Sound material.
   *
   * @param signing signs; its root is the first of {@code roots} that its chain leads to
   * @param roots every unexpired certificate of the root file, to be accepted by proxies; more than
   *     one while a root is replaced
   */
  public record Sound(SigningKey signing, List<X509Certificate> roots) {
    public Sound {
      roots = List.copyOf(roots);
    }
  }

  /**
   * Reads and checks the files.
   *
   * @throws CaMaterialException naming every problem with its file; no content
   */
  public static Sound parse(Map<String, byte[]> files, Instant now) throws CaMaterialException {
    return parse("CA material", files, now);
  }

  static Sound parse(String where, Map<String, byte[]> files, Instant now)
      throws CaMaterialException {
    CaMaterial material = new CaMaterial(files, now);
    Sound sound = material.read();
    if (sound == null || !material.problems.isEmpty()) {
      throw new CaMaterialException(where, material.problems);
    }
    return sound;
  }

  private @Nullable Sound read() {
    List<X509Certificate> roots = certificates(ROOT);
    List<X509Certificate> certs = certificates(CERT);
    List<X509Certificate> chain = files.containsKey(CHAIN) ? certificates(CHAIN) : List.of();
    PrivateKey key = key();
    if (certs.isEmpty()) {
      return null;
    }
    X509Certificate cert = certs.getFirst();
    if (key != null && !belongsTo(cert, key)) {
      problems.add(KEY + ": does not belong to " + CERT);
    }
    String refused = KeyPolicy.problem(cert.getPublicKey());
    if (refused != null) {
      problems.add(CERT + ": " + refused);
    }
    if (roots.isEmpty()) {
      return null;
    }
    List<X509Certificate> path = path(cert, chain, roots);
    checkPath(path, cert, roots);
    if (!problems.isEmpty() || key == null) {
      return null;
    }
    X509Certificate root = path.getLast();
    return new Sound(
        new SigningKey(cert, key, path.subList(0, path.size() - 1), root),
        roots.stream().filter(r -> !r.getNotAfter().toInstant().isBefore(now)).toList());
  }

  /** From {@code cert} up to and including a root; shorter when the chain does not lead to one. */
  private List<X509Certificate> path(
      X509Certificate cert, List<X509Certificate> chain, List<X509Certificate> roots) {
    List<X509Certificate> path = new ArrayList<>();
    path.add(cert);
    while (!roots.contains(path.getLast())) {
      X509Certificate child = path.getLast();
      Optional<X509Certificate> issuer =
          Stream.concat(roots.stream(), chain.stream())
              .filter(c -> !path.contains(c) && isSignedBy(child, c))
              .findFirst();
      if (issuer.isEmpty() || path.size() >= LONGEST_PATH) {
        problems.add(CERT + ": its chain does not lead to " + ROOT);
        return path;
      }
      path.add(issuer.get());
    }
    return path;
  }

  /** RFC 5280 §6.1.4: every certificate on the way may sign, now, and this far down. */
  private void checkPath(
      List<X509Certificate> path, X509Certificate cert, List<X509Certificate> roots) {
    for (int below = 0; below < path.size(); below++) {
      X509Certificate each = path.get(below);
      String name = roots.contains(each) ? ROOT : each.equals(cert) ? CERT : CHAIN;
      boolean[] usage = each.getKeyUsage();
      if (each.getBasicConstraints() < 0) {
        problems.add(name + ": is not a CA certificate (basicConstraints CA:TRUE expected)");
      } else if (each.getBasicConstraints() < below) {
        problems.add(
            name
                + ": path length "
                + each.getBasicConstraints()
                + " (expected at least "
                + below
                + ")");
      }
      if (usage != null && !usage[CERT_SIGN]) {
        problems.add(name + ": may not sign certificates (keyUsage keyCertSign expected)");
      }
      if (each.getNotAfter().toInstant().isBefore(now)) {
        problems.add(name + ": expired at " + each.getNotAfter().toInstant());
      }
      if (each.getNotBefore().toInstant().isAfter(now)) {
        problems.add(name + ": not valid before " + each.getNotBefore().toInstant());
      }
    }
    X509Certificate top = path.getLast();
    if (roots.contains(top) && !isSignedBy(top, top)) {
      problems.add(ROOT + ": is not self-signed");
    }
  }

  private static boolean isSignedBy(X509Certificate child, X509Certificate issuer) {
    if (!child.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())) {
      return false;
    }
    try {
      child.verify(issuer.getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static boolean belongsTo(X509Certificate cert, PrivateKey key) {
    try {
      byte[] sample = "portolan".getBytes(StandardCharsets.US_ASCII);
      String algorithm = key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
      Signature signer = Signature.getInstance(algorithm);
      signer.initSign(key);
      signer.update(sample);
      byte[] signature = signer.sign();
      signer.initVerify(cert.getPublicKey());
      signer.update(sample);
      return signer.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private List<X509Certificate> certificates(String name) {
    byte[] content = files.get(name);
    if (content == null) {
      problems.add(name + ": missing");
      return List.of();
    }
    try {
      return Pem.certificates(content);
    } catch (GeneralSecurityException e) {
      problems.add(name + ": not readable as PEM certificates");
      return List.of();
    }
  }

  private @Nullable PrivateKey key() {
    byte[] content = files.get(KEY);
    if (content == null) {
      problems.add(KEY + ": missing");
      return null;
    }
    PrivateKey key = privateKey(content);
    if (key == null) {
      problems.add(KEY + ": not readable as an unencrypted PEM private key");
    }
    return key;
  }

  /** The first private key of a PEM text, as {@code openssl} writes it or PKCS#8. */
  private static @Nullable PrivateKey privateKey(byte[] content) {
    try (PEMParser parser =
        new PEMParser(new StringReader(new String(content, StandardCharsets.ISO_8859_1)))) {
      JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
      // EC PARAMETERS may stand before the key.
      for (Object read = parser.readObject(); read != null; read = parser.readObject()) {
        if (read instanceof PEMKeyPair pair) {
          return converter.getPrivateKey(pair.getPrivateKeyInfo());
        }
        if (read instanceof PrivateKeyInfo info) {
          return converter.getPrivateKey(info);
        }
      }
      return null;
    } catch (IOException | RuntimeException e) {
      // The cause may quote the file; only its name is told.
      return null;
    }
  }
}
