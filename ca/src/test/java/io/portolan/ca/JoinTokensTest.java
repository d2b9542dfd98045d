package io.portolan.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.ca.authn.AuthResult;
import io.portolan.ca.authn.JoinIdentity;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.ca.trust.Pem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

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

  private static String encoded(String json) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(json.getBytes(StandardCharsets.UTF_8));
  }

  private static String decoded(String part) {
    return new String(Base64.getUrlDecoder().decode(part), StandardCharsets.UTF_8);
  }

  /** Signs with the real key, as a faulty or older minter might. */
  private String signed(String claims) throws Exception {
    String header = tokens().mint(WHO, Duration.ofHours(1)).split("\\.")[0];
    String body =
        Files.readString(data.resolve("data/token-key.pem"))
            .lines()
            .filter(l -> !l.startsWith("-----"))
            .collect(Collectors.joining());
    Signature signer = Signature.getInstance("SHA256withECDSAinP1363Format");
    signer.initSign(
        KeyFactory.getInstance("EC")
            .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(body))));
    String content = header + "." + encoded(claims);
    signer.update(content.getBytes(StandardCharsets.US_ASCII));
    return content + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(signer.sign());
  }

  static Stream<Arguments> badClaims() {
    String time = Long.toString(START.getEpochSecond());
    return Stream.of(
        Arguments.of(AuthResult.Reason.ISSUER, "\"iss\":\"portolan\"", "\"iss\":\"other\""),
        Arguments.of(AuthResult.Reason.ISSUER, "\"iss\":\"portolan\",", ""),
        Arguments.of(AuthResult.Reason.AUDIENCE, "portolan-xds", "istio-ca"),
        Arguments.of(AuthResult.Reason.AUDIENCE, "\"portolan-xds\"", "[\"portolan-xds\"]"),
        Arguments.of(AuthResult.Reason.CLAIMS, "\"nbf\":" + time + ",", ""),
        Arguments.of(AuthResult.Reason.CLAIMS, "\"iat\":" + time + ",", ""),
        Arguments.of(AuthResult.Reason.CLAIMS, "\"nbf\":" + time, "\"nbf\":\"" + time + "\""),
        Arguments.of(AuthResult.Reason.CLAIMS, "\"nbf\":" + time, "\"nbf\":-1"),
        Arguments.of(AuthResult.Reason.CLAIMS, "\"nbf\":" + time, "\"nbf\":1.5"),
        Arguments.of(AuthResult.Reason.CLAIMS, "\"exp\":", "\"exp\":9223372036854775807,\"e\":"),
        Arguments.of(AuthResult.Reason.CLAIMS, "\"exp\":", "\"exp\":99999999999999999999,\"e\":"),
        Arguments.of(AuthResult.Reason.CLAIMS, "\"jti\"", "\"id\""),
        Arguments.of(AuthResult.Reason.CLAIMS, "account:demo:web", "account:demo:root"),
        Arguments.of(AuthResult.Reason.CLAIMS, "\"sub\"", "\"subject\""),
        Arguments.of(AuthResult.Reason.CLAIMS, "portolan.io", "kubernetes.io"),
        Arguments.of(AuthResult.Reason.CLAIMS, "\"cluster\":\"east\"", "\"cluster\":\"\""),
        Arguments.of(AuthResult.Reason.CLAIMS, "\"cluster\":\"east\"", "\"cluster\":\"a b\""),
        Arguments.of(AuthResult.Reason.CLAIMS, "\"cluster\":\"east\"", "\"cluster\":7"),
        Arguments.of(AuthResult.Reason.CLAIMS, "\"namespace\":\"demo\"", "\"namespace\":\"..\""),
        Arguments.of(AuthResult.Reason.MALFORMED, "{\"iss\"", "{\"iss\":\"x\",\"iss\""),
        Arguments.of(AuthResult.Reason.MALFORMED, "}}", "}} {}"),
        Arguments.of(AuthResult.Reason.MALFORMED, "}}", "}"));
  }

  @ParameterizedTest(name = "{0}: {2}")
  @MethodSource("badClaims")
  void claimsAreCheckedEvenWhenTheSignatureHolds(
      AuthResult.Reason expected, String replaced, String replacement) throws Exception {
    String claims = decoded(tokens().mint(WHO, Duration.ofHours(1)).split("\\.")[1]);
    assertInstanceOf(AuthResult.Verified.class, tokens().verify(signed(claims)));
    assertTrue(claims.contains(replaced), claims);
    assertEquals(expected, refusal(signed(claims.replace(replaced, replacement))));
  }

  @Test
  void clocksMayDifferByHalfAMinute() throws IOException {
    String token = tokens().mint(WHO, Duration.ofHours(1));
    Instant end = START.plus(Duration.ofHours(1));
    now = end.plusSeconds(29);
    assertInstanceOf(AuthResult.Verified.class, tokens().verify(token));
    now = end.plusSeconds(30);
    assertEquals(AuthResult.Reason.EXPIRED, refusal(token));
    now = START.minusSeconds(30);
    assertInstanceOf(AuthResult.Verified.class, tokens().verify(token));
    now = START.minusSeconds(31);
    assertEquals(AuthResult.Reason.NOT_YET_VALID, refusal(token));
  }

  @Test
  void headersThatAskForMoreAreRefused() throws IOException {
    String[] parts = tokens().mint(WHO, Duration.ofHours(1)).split("\\.");
    String header = decoded(parts[0]);
    String critical = header.replace("}", ",\"crit\":[\"b64\"],\"b64\":false}");
    assertEquals(
        AuthResult.Reason.ALGORITHM, refusal(encoded(critical) + "." + parts[1] + "." + parts[2]));
    String lower = header.replace("ES256", "es256");
    assertEquals(
        AuthResult.Reason.ALGORITHM, refusal(encoded(lower) + "." + parts[1] + "." + parts[2]));
    String keyless = "{\"alg\":\"ES256\"}";
    assertEquals(
        AuthResult.Reason.UNKNOWN_KEY, refusal(encoded(keyless) + "." + parts[1] + "." + parts[2]));
  }

  @Test
  void signaturesOfOtherShapesAreRefused() throws IOException {
    String[] parts = tokens().mint(WHO, Duration.ofHours(1)).split("\\.");
    String content = parts[0] + "." + parts[1] + ".";
    byte[] zeros = new byte[64];
    for (byte[] signature : new byte[][] {new byte[0], new byte[63], zeros, new byte[65]}) {
      String bad = content + Base64.getUrlEncoder().withoutPadding().encodeToString(signature);
      assertEquals(AuthResult.Reason.SIGNATURE, refusal(bad));
    }
  }

  @Test
  void deepOrForeignJsonIsMalformed() throws IOException {
    String deep = encoded("[".repeat(500));
    assertEquals(AuthResult.Reason.MALFORMED, refusal(deep + "." + deep + ".AAAA"));
    assertEquals(AuthResult.Reason.MALFORMED, refusal("ä.ä.ä"));
    assertEquals(AuthResult.Reason.ALGORITHM, refusal(encoded("7") + "." + encoded("7") + ".AAAA"));
  }

  @Test
  void processesThatStartTogetherShareOneKey() throws Exception {
    int starts = 4;
    CountDownLatch ready = new CountDownLatch(starts);
    Callable<String> start =
        () -> {
          ready.countDown();
          ready.await();
          return tokens().mint(WHO, Duration.ofHours(1));
        };
    try (var threads = Executors.newFixedThreadPool(starts)) {
      for (Future<String> each : threads.invokeAll(List.of(start, start, start, start))) {
        assertInstanceOf(AuthResult.Verified.class, tokens().verify(each.get()));
      }
    }
  }

  @Test
  void anUnusableKeyFileIsNamedAndNotShown() throws Exception {
    tokens();
    Path key = data.resolve("data/token-key.pem");
    byte[] pkcs8 =
        Base64.getDecoder()
            .decode(
                Files.readString(key)
                    .lines()
                    .filter(l -> !l.startsWith("-----"))
                    .collect(Collectors.joining()));
    byte[] other = GivenCa.ec("secp384r1").getPrivate().getEncoded();
    for (byte[] bad : new byte[][] {Arrays.copyOf(pkcs8, pkcs8.length - 1), other, new byte[0]}) {
      Files.write(key, Pem.of("PRIVATE KEY", bad));
      IOException refused = assertThrows(IOException.class, this::tokens);
      assertTrue(String.valueOf(refused.getMessage()).contains("token-key.pem"));
      assertNull(refused.getCause(), "a cause may quote the file");
      for (String piece : GivenCa.secrets(bad)) {
        assertFalse(refused.toString().contains(piece));
      }
    }
    Files.writeString(key, "junk %%%");
    assertThrows(IOException.class, this::tokens);
  }

  @Test
  void lifetimesAndIdentitiesAreLimited() throws IOException {
    JoinTokens tokens = tokens();
    for (Duration bad : List.of(Duration.ZERO, Duration.ofDays(-1), Duration.ofDays(367))) {
      assertThrows(IllegalArgumentException.class, () -> tokens.mint(WHO, bad));
    }
    for (String bad : List.of("", "a b", "a\n", "é", "x".repeat(254))) {
      assertThrows(IllegalArgumentException.class, () -> new JoinIdentity(bad, "demo", "web"));
    }
    assertThrows(IllegalArgumentException.class, () -> new JoinIdentity("east", "", "web"));
    assertThrows(IllegalArgumentException.class, () -> new JoinIdentity("east", "demo", "a:b"));
  }
}
