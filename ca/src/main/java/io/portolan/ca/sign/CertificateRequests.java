package io.portolan.ca.sign;

import io.portolan.ca.validate.KeyPolicy;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.util.Set;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;

/** Reads certificate requests: the key and the proof that the caller has it, nothing else. */
final class CertificateRequests {
  private static final int MAX_BYTES = 16 * 1024;
  private static final Set<ASN1ObjectIdentifier> SIGNATURES =
      Set.of(
          X9ObjectIdentifiers.ecdsa_with_SHA256,
          X9ObjectIdentifiers.ecdsa_with_SHA384,
          X9ObjectIdentifiers.ecdsa_with_SHA512,
          PKCSObjectIdentifiers.sha256WithRSAEncryption,
          PKCSObjectIdentifiers.sha384WithRSAEncryption,
          PKCSObjectIdentifiers.sha512WithRSAEncryption);

  private CertificateRequests() {}

  static PublicKey publicKey(byte[] csr) throws CertificateRequestException {
    if (csr.length > MAX_BYTES) {
      throw new CertificateRequestException(
          "certificate request of " + csr.length + " bytes (expected at most " + MAX_BYTES + ")");
    }
    try {
      var request = new JcaPKCS10CertificationRequest(csr);
      if (!SIGNATURES.contains(request.getSignatureAlgorithm().getAlgorithm())) {
        throw new CertificateRequestException(
            "certificate request is not signed with SHA-256, SHA-384 or SHA-512");
      }
      PublicKey key = key(request);
      String refused = KeyPolicy.problem(key);
      if (refused != null) {
        throw new CertificateRequestException("certificate request: " + refused);
      }
      if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key))) {
        throw new CertificateRequestException(
            "certificate request is not signed by the key in it: no proof of possession");
      }
      return key;
    } catch (IOException | PKCSException | OperatorCreationException | RuntimeException e) {
      // The parser reports some broken structures by unchecked exceptions.
      throw new CertificateRequestException("certificate request cannot be read", e);
    }
  }

  private static PublicKey key(JcaPKCS10CertificationRequest request)
      throws CertificateRequestException {
    try {
      return request.getPublicKey();
    } catch (GeneralSecurityException e) {
      throw new CertificateRequestException("certificate request: key cannot be read", e);
    }
  }
}
