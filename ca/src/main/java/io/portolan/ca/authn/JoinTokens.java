package io.portolan.ca.authn;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.portolan.ca.store.OwnerOnlyFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.UUID;

/**
 * Join tokens: JWTs (RFC 7519) signed with ES256 by a key of the data directory, bound to one
 * cluster, namespace and service account. Safe for any thread.
 */
public final class JoinTokens {
  static final String ISSUER = "portolan";
  private static final String AUDIENCE = "portolan-xds";
  private static final String BOUND = "portolan.io";
  private static final String ALGORITHM = "ES256";
  private static final int MAX_BYTES = UnverifiedToken.MAX_CHARACTERS;
  private static final Duration SKEW = Duration.ofSeconds(30);
  private static final Duration LONGEST = Duration.ofDays(366);
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();
  private static final Base64.Decoder DECODER = Base64.getUrlDecoder();
  private static final ObjectMapper JSON = UnverifiedToken.JSON;

  private final TokenKey key;
  private final InstantSource clock;

  private JoinTokens(TokenKey key, InstantSource clock) {
    this.key = key;
    this.clock = clock;
  }

  /**
   * Opens the token key of a data directory, and makes it on first use.
   *
   * @throws IOException when the file cannot be read, written, or is open to others
   */
  public static JoinTokens open(Path data, InstantSource clock) throws IOException {
    OwnerOnlyFiles.directory(data);
    return new JoinTokens(TokenKey.open(data.resolve("token-key.pem")), clock);
  }

  /**
   * Makes a token.
   *
   * @param lifetime 1 s to 366 days
   * @throws IllegalArgumentException when the lifetime is out of range
   */
  public String mint(JoinIdentity identity, Duration lifetime) {
    if (lifetime.compareTo(Duration.ofSeconds(1)) < 0 || lifetime.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException("lifetime " + lifetime + " (expected 1 s to 366 days)");
    }
    Instant now = clock.instant();
    ObjectNode header = JSON.createObjectNode();
    header.put("alg", ALGORITHM).put("kid", key.id()).put("typ", "JWT");
    ObjectNode claims = JSON.createObjectNode();
    claims.put("iss", ISSUER).put("aud", AUDIENCE).put("sub", subject(identity));
    claims.put("iat", now.getEpochSecond()).put("nbf", now.getEpochSecond());
    claims.put("exp", now.plus(lifetime).getEpochSecond());
    claims.put("jti", UUID.randomUUID().toString());
    claims
        .putObject(BOUND)
        .put("cluster", identity.cluster())
        .put("namespace", identity.namespace())
        .put("serviceaccount", identity.serviceAccount());
    String content = encode(header) + "." + encode(claims);
    return content
        + "."
        + ENCODER.encodeToString(key.sign(content.getBytes(StandardCharsets.US_ASCII)));
  }

  private static String subject(JoinIdentity identity) {
    return "system:serviceaccount:" + identity.namespace() + ":" + identity.serviceAccount();
  }

  private static String encode(JsonNode node) {
    return ENCODER.encodeToString(node.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** Checks a token. Clocks may differ by 30 s. Claims are read after the signature holds. */
  public AuthResult verify(String token) {
    if (token.length() > MAX_BYTES) {
      return refused(
          AuthResult.Reason.TOO_LARGE,
          "token of " + token.length() + " characters (expected at most " + MAX_BYTES + ")");
    }
    String[] parts = token.split("\\.", -1);
    if (parts.length != 3) {
      return refused(AuthResult.Reason.MALFORMED, "token is not a JWT of three parts");
    }
    try {
      JsonNode header = JSON.readTree(DECODER.decode(parts[0]));
      byte[] claims = DECODER.decode(parts[1]);
      byte[] signature = DECODER.decode(parts[2]);
      // RFC 7515 §4.1.11: an extension that is not understood makes the token invalid.
      if (!ALGORITHM.equals(text(header, "alg")) || header.has("crit")) {
        return refused(AuthResult.Reason.ALGORITHM, "token algorithm is not " + ALGORITHM);
      }
      if (!key.id().equals(text(header, "kid"))) {
        return refused(
            AuthResult.Reason.UNKNOWN_KEY,
            "token was signed by a key this control plane does not know");
      }
      byte[] content = (parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII);
      if (!key.verifies(content, signature)) {
        return refused(AuthResult.Reason.SIGNATURE, "token signature is wrong");
      }
      return claims(JSON.readTree(claims));
    } catch (JsonProcessingException e) {
      return refused(AuthResult.Reason.MALFORMED, "token parts are not JSON");
    } catch (IOException | IllegalArgumentException e) {
      return refused(AuthResult.Reason.MALFORMED, "token parts are not base64url JSON");
    }
  }

  private AuthResult claims(JsonNode claims) {
    if (!ISSUER.equals(text(claims, "iss"))) {
      return refused(AuthResult.Reason.ISSUER, "token issuer is not " + ISSUER);
    }
    if (!AUDIENCE.equals(text(claims, "aud"))) {
      return refused(AuthResult.Reason.AUDIENCE, "token audience is not " + AUDIENCE);
    }
    if (!UnverifiedToken.isTime(claims.path("exp"))
        || !UnverifiedToken.isTime(claims.path("nbf"))
        || !UnverifiedToken.isTime(claims.path("iat"))) {
      return refused(AuthResult.Reason.CLAIMS, "token has no usable exp, nbf or iat");
    }
    if (text(claims, "jti").isEmpty()) {
      return refused(AuthResult.Reason.CLAIMS, "token has no jti");
    }
    Instant now = clock.instant();
    Instant expires = Instant.ofEpochSecond(claims.path("exp").longValue());
    // RFC 7519 §4.1.4: on or after exp is too late.
    if (!now.isBefore(expires.plus(SKEW))) {
      return refused(AuthResult.Reason.EXPIRED, "token expired at " + expires);
    }
    Instant start = Instant.ofEpochSecond(claims.path("nbf").longValue());
    if (now.plus(SKEW).isBefore(start)) {
      return refused(AuthResult.Reason.NOT_YET_VALID, "token is not valid before " + start);
    }
    return bound(claims, expires);
  }

  private static AuthResult bound(JsonNode claims, Instant expires) {
    JsonNode bound = claims.path(BOUND);
    try {
      JoinIdentity identity =
          new JoinIdentity(
              text(bound, "cluster"), text(bound, "namespace"), text(bound, "serviceaccount"));
      return subject(identity).equals(text(claims, "sub"))
          ? new AuthResult.Verified(identity, AuthMethod.JOIN_TOKEN, expires, null)
          : refused(AuthResult.Reason.CLAIMS, "token subject is not the workload it is bound to");
    } catch (IllegalArgumentException e) {
      return refused(AuthResult.Reason.CLAIMS, "token is not bound to a workload");
    }
  }

  /** A claim's text; empty when it is missing or of another type. */
  private static String text(JsonNode node, String field) {
    return node.path(field).isTextual() ? node.path(field).textValue() : "";
  }

  private static AuthResult refused(AuthResult.Reason reason, String detail) {
    return new AuthResult.Refused(reason, detail);
  }
}
