package io.portolan.ca.authn;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.portolan.ca.sign.SigningKeys;
import io.portolan.ca.store.OwnerOnlyFiles;
import io.portolan.ca.trust.Fingerprint;
import io.portolan.ca.trust.Pem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
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
  private static final String ISSUER = "portolan";
  private static final String AUDIENCE = "portolan-xds";
  private static final String BOUND = "portolan.io";
  private static final String ALGORITHM = "SHA256withECDSAinP1363Format";
  private static final int MAX_BYTES = 8 * 1024;
  private static final Duration SKEW = Duration.ofSeconds(30);
  private static final Duration LONGEST = Duration.ofDays(366);
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();
  private static final Base64.Decoder DECODER = Base64.getUrlDecoder();
  private static final ObjectMapper JSON =
      JsonMapper.builder(
              com.fasterxml.jackson.core.JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(8)
                          .maxStringLength(MAX_BYTES)
                          .build())
                  .build())
          .build();

  private final PrivateKey privateKey;
  private final PublicKey publicKey;
  private final String keyId;
  private final InstantSource clock;

  private JoinTokens(PrivateKey privateKey, PublicKey publicKey, InstantSource clock) {
    this.privateKey = privateKey;
    this.publicKey = publicKey;
    this.keyId = Fingerprint.of(publicKey.getEncoded());
    this.clock = clock;
  }

  /**
   * Opens the token key of a data directory, and makes it on first use.
   *
   * @throws IOException when the files cannot be read, written, or are open to others
   */
  public static JoinTokens open(Path data, InstantSource clock) throws IOException {
    OwnerOnlyFiles.directory(data);
    Path keyFile = data.resolve("token-key.pem");
    Path publicFile = data.resolve("token-public.pem");
    try {
      if (!Files.exists(keyFile)) {
        KeyPair keys = SigningKeys.newP256();
        OwnerOnlyFiles.write(publicFile, Pem.of("PUBLIC KEY", keys.getPublic().getEncoded()));
        OwnerOnlyFiles.write(keyFile, Pem.of("PRIVATE KEY", keys.getPrivate().getEncoded()));
      }
      if (OwnerOnlyFiles.isOpenToOthers(keyFile)) {
        throw new IOException(
            keyFile + ": readable by others than its owner (remedy: chmod 600 " + keyFile + ")");
      }
      KeyFactory factory = KeyFactory.getInstance("EC");
      return new JoinTokens(
          factory.generatePrivate(new PKCS8EncodedKeySpec(der(keyFile))),
          factory.generatePublic(new X509EncodedKeySpec(der(publicFile))),
          clock);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException(
          keyFile + ": not a usable token key (remedy: remove it together with " + publicFile
              + "; tokens made so far end)", e);
    }
  }

  private static byte[] der(Path file) throws IOException {
    StringBuilder body = new StringBuilder();
    for (String line : Files.readAllLines(file, StandardCharsets.US_ASCII)) {
      if (!line.startsWith("-----")) {
        body.append(line.strip());
      }
    }
    return Base64.getDecoder().decode(body.toString());
  }

  /**
   * Makes a token.
   *
   * @param lifetime 1 s to 366 days
   */
  public String mint(JoinIdentity identity, Duration lifetime) {
    if (lifetime.compareTo(Duration.ofSeconds(1)) < 0 || lifetime.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException("lifetime " + lifetime + " (expected 1 s to 366 days)");
    }
    Instant now = clock.instant();
    ObjectNode header = JSON.createObjectNode();
    header.put("alg", "ES256").put("kid", keyId).put("typ", "JWT");
    ObjectNode claims = JSON.createObjectNode();
    claims.put("iss", ISSUER).put("aud", AUDIENCE);
    claims.put("sub",
        "system:serviceaccount:" + identity.namespace() + ":" + identity.serviceAccount());
    claims.put("iat", now.getEpochSecond()).put("nbf", now.getEpochSecond());
    claims.put("exp", now.plus(lifetime).getEpochSecond());
    claims.put("jti", UUID.randomUUID().toString());
    claims.putObject(BOUND)
        .put("cluster", identity.cluster())
        .put("namespace", identity.namespace())
        .put("serviceaccount", identity.serviceAccount());
    String content = encode(header) + "." + encode(claims);
    try {
      Signature signer = Signature.getInstance(ALGORITHM);
      signer.initSign(privateKey);
      signer.update(content.getBytes(StandardCharsets.US_ASCII));
      return content + "." + ENCODER.encodeToString(signer.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the token key cannot sign", e);
    }
  }

  private static String encode(JsonNode node) {
    return ENCODER.encodeToString(node.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** Checks a token. */
  public AuthResult verify(String token) {
    if (token.length() > MAX_BYTES) {
      return refused(AuthResult.Reason.TOO_LARGE,
          "token of " + token.length() + " characters (expected at most " + MAX_BYTES + ")");
    }
    String[] parts = token.split("\\.", -1);
    if (parts.length != 3) {
      return refused(AuthResult.Reason.MALFORMED, "token is not a JWT of three parts");
    }
    try {
      JsonNode header = JSON.readTree(DECODER.decode(parts[0]));
      JsonNode claims = JSON.readTree(DECODER.decode(parts[1]));
      if (!"ES256".equals(header.path("alg").asText())) {
        return refused(AuthResult.Reason.ALGORITHM, "token algorithm is not ES256");
      }
      if (!keyId.equals(header.path("kid").asText())) {
        return refused(AuthResult.Reason.UNKNOWN_KEY,
            "token was signed by a key this control plane does not know");
      }
      Signature verifier = Signature.getInstance(ALGORITHM);
      verifier.initVerify(publicKey);
      verifier.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
      if (!verifier.verify(DECODER.decode(parts[2]))) {
        return refused(AuthResult.Reason.SIGNATURE, "token signature is wrong");
      }
      return claims(claims);
    } catch (JsonProcessingException e) {
      return refused(AuthResult.Reason.MALFORMED, "token parts are not JSON");
    } catch (IOException | IllegalArgumentException e) {
      return refused(AuthResult.Reason.MALFORMED, "token parts are not base64url JSON");
    } catch (GeneralSecurityException e) {
      return refused(AuthResult.Reason.SIGNATURE, "token signature cannot be checked");
    }
  }

  private AuthResult claims(JsonNode claims) {
    if (!ISSUER.equals(claims.path("iss").asText())) {
      return refused(AuthResult.Reason.ISSUER, "token issuer is not " + ISSUER);
    }
    if (!AUDIENCE.equals(claims.path("aud").asText())) {
      return refused(AuthResult.Reason.AUDIENCE, "token audience is not " + AUDIENCE);
    }
    Instant now = clock.instant();
    if (!claims.path("exp").isIntegralNumber() || !claims.path("nbf").isIntegralNumber()) {
      return refused(AuthResult.Reason.CLAIMS, "token has no exp or nbf");
    }
    Instant expires = Instant.ofEpochSecond(claims.path("exp").asLong());
    if (now.isAfter(expires.plus(SKEW))) {
      return refused(AuthResult.Reason.EXPIRED, "token expired at " + expires);
    }
    Instant start = Instant.ofEpochSecond(claims.path("nbf").asLong());
    if (now.plus(SKEW).isBefore(start)) {
      return refused(AuthResult.Reason.NOT_YET_VALID, "token is not valid before " + start);
    }
    JsonNode bound = claims.path(BOUND);
    try {
      return new AuthResult.Verified(
          new JoinIdentity(
              bound.path("cluster").asText(),
              bound.path("namespace").asText(),
              bound.path("serviceaccount").asText()),
          expires);
    } catch (IllegalArgumentException e) {
      return refused(AuthResult.Reason.CLAIMS, "token is not bound to a workload");
    }
  }

  private static AuthResult refused(AuthResult.Reason reason, String detail) {
    return new AuthResult.Refused(reason, detail);
  }
}
