package io.portolan.ca.sign;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;

/** Reads certificate requests: the key and the proof that the caller has it, nothing else. */
final class CertificateRequests {
  private static final int MAX_BYTES = 16 * 1024;
  private static final int P256 = 256;
  private static final int P384 = 384;
  private static final int RSA_LEAST = 2048;
  private static final int RSA_MOST = 4096;

  private CertificateRequests() {}

  static PublicKey publicKey(byte[] csr) throws GeneralSecurityException {
    if (csr.length > MAX_BYTES) {
      throw new GeneralSecurityException(
          "certificate request of " + csr.length + " bytes (expected at most " + MAX_BYTES + ")");
    }
    try {
      var request = new JcaPKCS10CertificationRequest(csr);
      PublicKey key = request.getPublicKey();
      if (!isAllowed(key)) {
        throw new GeneralSecurityException(
            "key of the certificate request (expected P-256, P-384 or RSA of 2048 to 4096 bits)");
      }
      if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key))) {
        throw new GeneralSecurityException(
            "certificate request is not signed by the key in it: no proof of possession");
      }
      return key;
    } catch (IOException | PKCSException | OperatorCreationException | IllegalArgumentException e) {
      throw new GeneralSecurityException("certificate request cannot be read", e);
    }
  }

  private static boolean isAllowed(PublicKey key) {
    return switch (key) {
      case ECPublicKey ec -> {
        int bits = ec.getParams().getCurve().getField().getFieldSize();
        yield bits == P256 || bits == P384;
      }
      case RSAPublicKey rsa -> {
        int bits = rsa.getModulus().bitLength();
        yield bits >= RSA_LEAST && bits <= RSA_MOST;
      }
      default -> false;
    };
  }
}
