package io.portolan.ca.trust;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;

/** Certificates as PEM text (RFC 7468). */
public final class Pem {
  private static final Base64.Encoder LINES = Base64.getMimeEncoder(64, new byte[] {'\n'});

  private static final String BEGIN = "-----BEGIN ";
  private static final String END = "-----END ";
  private static final String DASHES = "-----";

  private Pem() {}

  /**
   * Reads every certificate in a text.
   *
   * @throws CertificateException when there is none, or one cannot be read
   */
  public static List<X509Certificate> certificates(byte[] text) throws CertificateException {
    List<X509Certificate> found = new ArrayList<>();
    for (var certificate :
        CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(text))) {
      found.add((X509Certificate) certificate);
    }
    if (found.isEmpty()) {
      throw new CertificateException("no PEM certificate in it");
    }
    return found;
  }

  /** Writes certificates in this order. */
  public static byte[] of(List<X509Certificate> certificates) {
    StringBuilder text = new StringBuilder();
    for (X509Certificate certificate : certificates) {
      try {
        text.append(
            new String(of("CERTIFICATE", certificate.getEncoded()), StandardCharsets.US_ASCII));
      } catch (CertificateEncodingException e) {
        throw new IllegalStateException("a parsed certificate always has an encoding", e);
      }
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * The content of a text that is one PEM block and nothing else.
   *
   * @param labels the labels it may have
   * @throws GeneralSecurityException when it is anything else; the message quotes nothing of it
   */
  public static byte[] only(String text, Set<String> labels) throws GeneralSecurityException {
    String block = text.strip();
    for (String label : labels) {
      String begin = BEGIN + label + DASHES;
      String end = END + label + DASHES;
      if (block.startsWith(begin)
          && block.endsWith(end)
          && block.length() >= begin.length() + end.length()) {
        try {
          // The strict decoder: a second block's dashes are no base64.
          return Base64.getDecoder()
              .decode(
                  block
                      .substring(begin.length(), block.length() - end.length())
                      .replace("\r", "")
                      .replace("\n", "")
                      .strip());
        } catch (IllegalArgumentException e) {
          throw new GeneralSecurityException("its PEM block is not base64", e);
        }
      }
    }
    throw new GeneralSecurityException(
        "not a single PEM block (expected " + String.join(" or ", labels) + ")");
  }

  /** One PEM block. */
  public static byte[] of(String label, byte[] der) {
    return (BEGIN
            + label
            + DASHES
            + "\n"
            + LINES.encodeToString(der)
            + "\n"
            + END
            + label
            + DASHES
            + "\n")
        .getBytes(StandardCharsets.US_ASCII);
  }
}
