package io.portolan.ca.authn;

import io.portolan.ca.sign.SigningKey;
import io.portolan.ca.store.OwnerOnlyFiles;
import io.portolan.ca.trust.Fingerprint;
import io.portolan.ca.trust.Pem;
import io.portolan.ca.validate.KeyPolicy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.math.ec.FixedPointCombMultiplier;

/** The P-256 key that signs join tokens (ES256, RFC 7518 §3.4). Safe for any thread. */
final class TokenKey {
  private static final String ALGORITHM = "SHA256withECDSAinP1363Format";
  private static final int P256 = 256;
  private static final int MAX_BYTES = 16 * 1024;

  private final ECPrivateKey privateKey;
  private final PublicKey publicKey;
  private final String id;

  private TokenKey(ECPrivateKey privateKey, PublicKey publicKey) {
    this.privateKey = privateKey;
    this.publicKey = publicKey;
    this.id = Fingerprint.of(publicKey.getEncoded());
  }

  /** Reads the key file, and makes it on first use; several processes get the same key. */
  static TokenKey open(Path file) throws IOException {
    try {
      if (!Files.exists(file)) {
        byte[] pkcs8 = SigningKey.newKeys().getPrivate().getEncoded();
        OwnerOnlyFiles.writeNew(file, Pem.of("PRIVATE KEY", pkcs8));
      }
      if (OwnerOnlyFiles.isOpenToOthers(file)) {
        throw new IOException(
            file + ": readable by others than its owner (remedy: chmod 600 " + file + ")");
      }
      if (KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der(file)))
          instanceof ECPrivateKey key) {
        return new TokenKey(key, publicKey(key));
      }
      throw unusable(file);
    } catch (GeneralSecurityException | RuntimeException e) {
      // The cause may quote the file; only its name is told.
      throw unusable(file);
    }
  }

  private static IOException unusable(Path file) {
    return new IOException(
        file + ": not a usable P-256 token key (remedy: remove it; tokens made so far end)");
  }

  private static byte[] der(Path file) throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw unusable(file);
    }
    StringBuilder body = new StringBuilder();
    for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
      if (!line.startsWith("-----")) {
        body.append(line.strip());
      }
    }
    return Base64.getDecoder().decode(body.toString());
  }

  /** The point d·G (SEC 1 §3.2.1): a second file could belong to another key. */
  private static PublicKey publicKey(ECPrivateKey key) throws GeneralSecurityException {
    if (key.getParams().getCurve().getField().getFieldSize() != P256) {
      throw new GeneralSecurityException("not a P-256 key");
    }
    var point =
        new FixedPointCombMultiplier()
            .multiply(CustomNamedCurves.getByName("P-256").getG(), key.getS())
            .normalize();
    PublicKey made =
        KeyFactory.getInstance("EC")
            .generatePublic(
                new ECPublicKeySpec(
                    new ECPoint(
                        point.getAffineXCoord().toBigInteger(),
                        point.getAffineYCoord().toBigInteger()),
                    key.getParams()));
    if (KeyPolicy.problem(made) != null) {
      throw new GeneralSecurityException("not a P-256 key");
    }
    return made;
  }

  /** Names the key in a token's header. */
  String id() {
    return id;
  }

  /** The signature as r and s, 32 bytes each. */
  byte[] sign(byte[] content) {
    try {
      Signature signer = Signature.getInstance(ALGORITHM);
      signer.initSign(privateKey);
      signer.update(content);
      return signer.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the token key cannot sign", e);
    }
  }

  boolean verifies(byte[] content, byte[] signature) {
    try {
      Signature verifier = Signature.getInstance(ALGORITHM);
      verifier.initVerify(publicKey);
      verifier.update(content);
      return verifier.verify(signature);
    } catch (GeneralSecurityException e) {
      // A signature of another length or out of range.
      return false;
    }
  }

  /** Shows no key. */
  @Override
  public String toString() {
    return "TokenKey[" + id + "]";
  }
}
