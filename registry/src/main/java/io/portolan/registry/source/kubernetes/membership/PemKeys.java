package io.portolan.registry.source.kubernetes.membership;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Certificates and keys as kubeconfigs carry them: PKCS#8 ({@code PRIVATE KEY}), PKCS#1 ({@code RSA
 * PRIVATE KEY}) and SEC 1 ({@code EC PRIVATE KEY}).
 */
public final class PemKeys {
  private static final byte[] RSA_OID = oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1);
  private static final byte[] EC_OID = oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1);

  /** Named curves by the length of their private scalar, for keys that do not name theirs. */
  private static final byte[] P256 = oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7);

  private static final byte[] P384 = oid(0x2b, 0x81, 0x04, 0x00, 0x22);
  private static final byte[] P521 = oid(0x2b, 0x81, 0x04, 0x00, 0x23);

  private PemKeys() {}

  /**
   * All certificates of a PEM text.
   *
   * @throws CertificateException when there is none or one cannot be read
   */
  public static List<X509Certificate> certificates(String pem) throws CertificateException {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    List<X509Certificate> list = new ArrayList<>();
    for (Block block : blocks(pem)) {
      if (block.label().equals("CERTIFICATE")) {
        list.add(
            (X509Certificate)
                factory.generateCertificate(new ByteArrayInputStream(block.content())));
      }
    }
    if (list.isEmpty()) {
      throw new CertificateException("no CERTIFICATE block");
    }
    return list;
  }

  /**
   * The private key of a PEM text. Messages never quote the text.
   *
   * @throws GeneralSecurityException when there is none that can be read
   */
  public static PrivateKey privateKey(String pem) throws GeneralSecurityException {
    List<Block> blocks;
    try {
      blocks = blocks(pem);
    } catch (CertificateException e) {
      throw new InvalidKeySpecException("broken PEM", e);
    }
    for (Block block : blocks) {
      switch (block.label()) {
        case "PRIVATE KEY" -> {
          return pkcs8(block.content());
        }
        case "RSA PRIVATE KEY" -> {
          return pkcs8(wrap(join(RSA_OID, new byte[] {5, 0}), block.content()));
        }
        case "EC PRIVATE KEY" -> {
          return pkcs8(wrap(join(EC_OID, curve(block.content())), block.content()));
        }
        case "ENCRYPTED PRIVATE KEY" ->
            throw new InvalidKeySpecException("the key is encrypted (expected a plain one)");
        default -> {
          // EC PARAMETERS and certificates may stand beside the key.
        }
      }
    }
    throw new InvalidKeySpecException(
        "no PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY block that can be used");
  }

  private static PrivateKey pkcs8(byte[] der) throws GeneralSecurityException {
    PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(der);
    @Nullable GeneralSecurityException last = null;
    for (String algorithm : List.of("EC", "RSA", "EdDSA")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(spec);
      } catch (InvalidKeySpecException e) {
        last = e;
      }
    }
    throw new InvalidKeySpecException("not an EC, RSA or Ed25519 key", last);
  }

  /** The curve that a SEC 1 key names, or the usual one of its length. */
  private static byte[] curve(byte[] sec1) throws InvalidKeySpecException {
    for (byte[] known : List.of(P256, P384, P521)) {
      for (int i = 0; i + known.length <= sec1.length; i++) {
        if (Arrays.equals(known, Arrays.copyOfRange(sec1, i, i + known.length))) {
          return known;
        }
      }
    }
    int scalar = sec1.length > 6 ? sec1[6] & 0xff : 0;
    return switch (scalar) {
      case 32 -> P256;
      case 48 -> P384;
      case 66 -> P521;
      default -> throw new InvalidKeySpecException("an EC key of an unknown curve");
    };
  }

  private static byte[] wrap(byte[] algorithm, byte[] key) {
    return der(0x30, join(new byte[] {2, 1, 0}, der(0x30, algorithm), der(0x04, key)));
  }

  private static byte[] oid(int... bytes) {
    byte[] content = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      content[i] = (byte) bytes[i];
    }
    return der(6, content);
  }

  private static byte[] der(int tag, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    if (content.length < 0x80) {
      out.write(content.length);
    } else if (content.length < 0x100) {
      out.write(0x81);
      out.write(content.length);
    } else {
      out.write(0x82);
      out.write(content.length >> 8);
      out.write(content.length);
    }
    out.writeBytes(content);
    return out.toByteArray();
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  /** One PEM block (RFC 7468). */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Block(String label, byte[] content) {}

  private static List<Block> blocks(String pem) throws CertificateException {
    List<Block> list = new ArrayList<>();
    int at = 0;
    while (true) {
      int begin = pem.indexOf("-----BEGIN ", at);
      if (begin < 0) {
        return list;
      }
      int labelEnd = pem.indexOf("-----", begin + 11);
      if (labelEnd < 0) {
        throw new CertificateException("a PEM block does not end");
      }
      String label = pem.substring(begin + 11, labelEnd);
      String foot = "-----END " + label + "-----";
      int end = pem.indexOf(foot, labelEnd);
      if (end < 0) {
        throw new CertificateException("PEM block " + label + " does not end");
      }
      try {
        byte[] text = pem.substring(labelEnd + 5, end).getBytes(StandardCharsets.US_ASCII);
        list.add(new Block(label, Base64.getMimeDecoder().decode(text)));
      } catch (IllegalArgumentException e) {
        throw new CertificateException("PEM block " + label + " is not base64", e);
      }
      at = end + foot.length();
    }
  }
}
