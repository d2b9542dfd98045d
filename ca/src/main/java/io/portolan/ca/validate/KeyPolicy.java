package io.portolan.ca.validate;

import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECFieldFp;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which public keys may stand in a certificate: P-256, P-384 and RSA of 2048 to 4096 bits. Safe for
 * any thread.
 */
public final class KeyPolicy {
  private static final List<String> CURVES = List.of("secp256r1", "secp384r1");
  private static final int RSA_LEAST = 2048;
  private static final int RSA_MOST = 4096;
  private static final BigInteger EXPONENT_LEAST = BigInteger.valueOf(65_537);
  // BoringSSL refuses longer exponents, so a proxy could not use such a key.
  private static final int EXPONENT_BITS = 33;

  private KeyPolicy() {}

  /** What is wrong with a key; null when it is allowed. */
  public static @Nullable String problem(PublicKey key) {
    return switch (key) {
      case ECPublicKey ec -> problem(ec);
      case RSAPublicKey rsa -> problem(rsa);
      default -> "key algorithm is not allowed (expected P-256, P-384 or RSA of 2048 to 4096 bits)";
    };
  }

  private static @Nullable String problem(ECPublicKey key) {
    for (String curve : CURVES) {
      if (isOn(curve, key.getParams())) {
        return isPoint(key) ? null : "EC key is not a point of its curve";
      }
    }
    return "EC curve is not allowed (expected P-256 or P-384)";
  }

  /** By value: other curves have fields of the same size. */
  private static boolean isOn(String curve, ECParameterSpec given) {
    try {
      AlgorithmParameters named = AlgorithmParameters.getInstance("EC");
      named.init(new ECGenParameterSpec(curve));
      ECParameterSpec expected = named.getParameterSpec(ECParameterSpec.class);
      return expected.getCurve().getField().equals(given.getCurve().getField())
          && expected.getCurve().getA().equals(given.getCurve().getA())
          && expected.getCurve().getB().equals(given.getCurve().getB())
          && expected.getGenerator().equals(given.getGenerator())
          && expected.getOrder().equals(given.getOrder());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every supported Java platform has " + curve, e);
    }
  }

  private static boolean isPoint(ECPublicKey key) {
    ECPoint w = key.getW();
    if (w.equals(ECPoint.POINT_INFINITY)
        || !(key.getParams().getCurve().getField() instanceof ECFieldFp field)) {
      return false;
    }
    BigInteger p = field.getP();
    BigInteger x = w.getAffineX();
    BigInteger y = w.getAffineY();
    BigInteger a = key.getParams().getCurve().getA();
    BigInteger b = key.getParams().getCurve().getB();
    return isBelow(x, p)
        && isBelow(y, p)
        && y.multiply(y).subtract(x.pow(3).add(a.multiply(x)).add(b)).mod(p).signum() == 0;
  }

  private static boolean isBelow(BigInteger value, BigInteger limit) {
    return value.signum() >= 0 && value.compareTo(limit) < 0;
  }

  private static @Nullable String problem(RSAPublicKey key) {
    int bits = key.getModulus().bitLength();
    if (bits < RSA_LEAST || bits > RSA_MOST) {
      return "RSA key of " + bits + " bits (expected 2048 to 4096)";
    }
    BigInteger exponent = key.getPublicExponent();
    if (exponent.compareTo(EXPONENT_LEAST) < 0
        || exponent.bitLength() > EXPONENT_BITS
        || !exponent.testBit(0)) {
      return "RSA exponent is not allowed (expected odd, 65537 to 33 bits)";
    }
    return null;
  }
}
