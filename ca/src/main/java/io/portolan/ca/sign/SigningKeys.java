package io.portolan.ca.sign;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;

/** Makes the keys of everything this control plane signs with or for. */
public final class SigningKeys {
  private SigningKeys() {}

  /** A new P-256 key pair. */
  public static KeyPair newP256() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }
}
