package io.portolan.ca.authn;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.time.Instant;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Two claims of a JWT whose signature nobody has checked: they choose who checks it, and may get it
 * refused, but never accepted.
 *
 * @param issuer empty when it has none
 * @param expires null when it has none
 */
record UnverifiedToken(String issuer, @Nullable Instant expires) {
  static final int MAX_CHARACTERS = 8 * 1024;

  // The last second of the year 9999, as far as dates are written.
  private static final long LAST_SECOND = 253_402_300_799L;

  static final ObjectMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(8)
                          .maxStringLength(MAX_CHARACTERS)
                          .maxNumberLength(32)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** Reads the claims; null when the text is not a JWT with an object of claims. */
  static @Nullable UnverifiedToken read(String token) {
    if (token.length() > MAX_CHARACTERS) {
      return null;
    }
    String[] parts = token.split("\\.", -1);
    if (parts.length != 3) {
      return null;
    }
    try {
      JsonNode claims = JSON.readTree(Base64.getUrlDecoder().decode(parts[1]));
      if (claims == null || !claims.isObject()) {
        return null;
      }
      JsonNode issuer = claims.path("iss");
      JsonNode expires = claims.path("exp");
      return new UnverifiedToken(
          issuer.isTextual() ? issuer.textValue() : "",
          isTime(expires) ? Instant.ofEpochSecond(expires.longValue()) : null);
    } catch (IOException | IllegalArgumentException e) {
      return null;
    }
  }

  /** Whether this is a time in seconds since 1970 that dates can be written for. */
  static boolean isTime(JsonNode node) {
    return node.isIntegralNumber()
        && node.canConvertToLong()
        && node.longValue() >= 0
        && node.longValue() <= LAST_SECOND;
  }
}
