package io.portolan.ca.sign;

import java.math.BigInteger;
import java.security.SecureRandom;

/** Serial numbers of certificates (RFC 5280 §4.1.2.2). Safe for any thread. */
public final class SerialNumbers {
  private static final int BITS = 128;
  private static final SecureRandom RANDOM = new SecureRandom();

  private SerialNumbers() {}

  /** 128 random bits below a leading one, which keeps the number positive and its length fixed. */
  public static BigInteger next() {
    return new BigInteger(BITS, RANDOM).setBit(BITS);
  }
}
