package io.portolan.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.ca.authn.AuthResult;
import io.portolan.ca.authn.JoinIdentity;
import io.portolan.ca.authn.JoinTokens;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JoinTokensTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final JoinIdentity WHO = new JoinIdentity("east", "demo", "web");

  @TempDir Path data;
  private Instant now = START;

  private JoinTokens tokens() throws IOException {
    return JoinTokens.open(data.resolve("data"), () -> now);
  }

  private AuthResult.Reason refusal(String token) throws IOException {
    AuthResult result = tokens().verify(token);
    AuthResult.Refused refused = assertInstanceOf(AuthResult.Refused.class, result);
    assertFalse(token.length() > 20 && refused.detail().contains(token), "never quotes the token");
    return refused.reason();
  }

  @Test
  void aTokenSaysWhoItIsForAlsoAfterARestart() throws IOException {
    String token = tokens().mint(WHO, Duration.ofHours(1));
    AuthResult.Verified verified =
        assertInstanceOf(AuthResult.Verified.class, tokens().verify(token));
    assertEquals(WHO, verified.identity());
    assertEquals(START.plus(Duration.ofHours(1)), verified.expires());
  }

  @Test
  void anExpiredTokenIsRefused() throws IOException {
    String token = tokens().mint(WHO, Duration.ofHours(1));
    now = START.plus(Duration.ofMinutes(61));
    assertEquals(AuthResult.Reason.EXPIRED, refusal(token));
  }

  @Test
  void aTokenOfTheFutureIsRefused() throws IOException {
    String token = tokens().mint(WHO, Duration.ofHours(1));
    now = START.minus(Duration.ofMinutes(5));
    assertEquals(AuthResult.Reason.NOT_YET_VALID, refusal(token));
  }

  @Test
  void aChangedTokenIsRefused() throws IOException {
    String[] parts = tokens().mint(WHO, Duration.ofHours(1)).split("\\.");
    String claims =
        new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8)
            .replace("east", "west");
    String changed =
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(claims.getBytes(StandardCharsets.UTF_8));
    assertEquals(AuthResult.Reason.SIGNATURE, refusal(parts[0] + "." + changed + "." + parts[2]));
  }

  @Test
  void aTokenOfAnotherKeyIsRefused() throws IOException {
    String token = JoinTokens.open(data.resolve("other"), () -> now).mint(WHO, Duration.ofHours(1));
    assertEquals(AuthResult.Reason.UNKNOWN_KEY, refusal(token));
  }

  @Test
  void otherAlgorithmsAreRefused() throws IOException {
    String[] parts = tokens().mint(WHO, Duration.ofHours(1)).split("\\.");
    for (String algorithm : new String[] {"none", "HS256", "RS256"}) {
      String header =
          Base64.getUrlEncoder()
              .withoutPadding()
              .encodeToString(("{\"alg\":\"" + algorithm + "\"}").getBytes(StandardCharsets.UTF_8));
      assertEquals(AuthResult.Reason.ALGORITHM, refusal(header + "." + parts[1] + "." + parts[2]));
    }
  }

  @Test
  void garbageIsRefused() throws IOException {
    assertEquals(AuthResult.Reason.MALFORMED, refusal(""));
    assertEquals(AuthResult.Reason.MALFORMED, refusal("a.b.c"));
    assertEquals(AuthResult.Reason.MALFORMED, refusal("%%%.%%%.%%%"));
    assertEquals(AuthResult.Reason.TOO_LARGE, refusal("x".repeat(9000)));
  }

  @Test
  void aKeyThatOthersCanReadIsRefusedWithTheRemedy() throws IOException {
    tokens();
    Path key = data.resolve("data/token-key.pem");
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(key)));
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
    IOException refused = assertThrows(IOException.class, this::tokens);
    assertTrue(String.valueOf(refused.getMessage()).contains("chmod 600"), refused.getMessage());
  }
}
