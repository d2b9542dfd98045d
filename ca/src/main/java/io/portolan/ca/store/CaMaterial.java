package io.portolan.ca.store;

import io.portolan.ca.sign.SigningKey;
import io.portolan.ca.trust.Pem;
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
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.jspecify.annotations.Nullable;

/** The four files of a CA, read and checked together. */
public final class CaMaterial {
  /** The root certificate. */
  public static final String ROOT = "root-cert.pem";

  /** From the signing certificate up. */
  public static final String CHAIN = "cert-chain.pem";

  /** The signing certificate. */
  public static final String CERT = "ca-cert.pem";

  /** The signing key. */
  public static final String KEY = "ca-key.pem";

  private final List<String> problems = new ArrayList<>();

  private CaMaterial() {}

  /**
   * Reads and checks the files.
   *
   * @throws IOException naming every problem with its file; no content
   */
  public static SigningKey parse(Map<String, byte[]> files, Instant now) throws IOException {
    CaMaterial material = new CaMaterial();
    SigningKey key = material.read(files, now);
    if (key == null || !material.problems.isEmpty()) {
      throw new IOException("CA material: " + String.join("; ", material.problems));
    }
    return key;
  }

  private @Nullable SigningKey read(Map<String, byte[]> files, Instant now) {
    X509Certificate root = first(files, ROOT);
    X509Certificate cert = first(files, CERT);
    PrivateKey key = key(files);
    List<X509Certificate> chain = files.containsKey(CHAIN) ? all(files, CHAIN) : List.of();
    if (root == null || cert == null || key == null) {
      return null;
    }
    if (cert.getBasicConstraints() < 0) {
      problems.add(CERT + ": is not a CA certificate (basicConstraints CA:TRUE expected)");
    }
    if (!matches(cert, key)) {
      problems.add(KEY + ": does not belong to " + CERT);
    }
    for (X509Certificate each : List.of(root, cert)) {
      if (each.getNotAfter().toInstant().isBefore(now)) {
        problems.add((each.equals(root) ? ROOT : CERT) + ": expired at "
            + each.getNotAfter().toInstant());
      }
    }
    List<X509Certificate> path = path(cert, chain, root);
    return problems.isEmpty() ? new SigningKey(cert, key, path, root) : null;
  }

  /** From {@code cert} up to, not including, the root. */
  private List<X509Certificate> path(
      X509Certificate cert, List<X509Certificate> chain, X509Certificate root) {
    List<X509Certificate> path = new ArrayList<>();
    X509Certificate at = cert;
    while (!at.equals(root) && path.size() <= chain.size() + 1) {
      path.add(at);
      X509Certificate child = at;
      X509Certificate issuer =
          java.util.stream.Stream.concat(java.util.stream.Stream.of(root), chain.stream())
              .filter(c -> !c.equals(child) && isSignedBy(child, c))
              .findFirst()
              .orElse(null);
      if (issuer == null) {
        problems.add(CERT + ": its chain does not lead to " + ROOT);
        return path;
      }
      at = issuer;
    }
    return path;
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

  private static boolean matches(X509Certificate cert, PrivateKey key) {
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

  private @Nullable X509Certificate first(Map<String, byte[]> files, String name) {
    List<X509Certificate> found = all(files, name);
    return found.isEmpty() ? null : found.getFirst();
  }

  private List<X509Certificate> all(Map<String, byte[]> files, String name) {
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

  private @Nullable PrivateKey key(Map<String, byte[]> files) {
    byte[] content = files.get(KEY);
    if (content == null) {
      problems.add(KEY + ": missing");
      return null;
    }
    try (PEMParser parser =
        new PEMParser(new StringReader(new String(content, StandardCharsets.US_ASCII)))) {
      Object read = parser.readObject();
      JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
      if (read instanceof PEMKeyPair pair) {
        return converter.getKeyPair(pair).getPrivate();
      }
      if (read instanceof PrivateKeyInfo info) {
        return converter.getPrivateKey(info);
      }
      problems.add(KEY + ": not an unencrypted PEM private key");
    } catch (IOException | IllegalArgumentException e) {
      // The cause may quote the file; only the name is told.
      problems.add(KEY + ": not readable as a PEM private key");
    }
    return null;
  }
}
