package io.portolan.ca.authn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.ca.store.CaDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubernetesTokensTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final String SUBJECT = "system:serviceaccount:demo:web";
  private static final TokenReviewer.Review GOOD =
      new TokenReviewer.Review(
          true,
          SUBJECT,
          List.of("system:serviceaccounts", "system:authenticated"),
          List.of("istio-ca"),
          Map.of(
              "authentication.kubernetes.io/pod-name",
              List.of("web-1"),
              "authentication.kubernetes.io/pod-uid",
              List.of("uid-1")),
          "");
  private static final TokenReviewer.Review UNKNOWN =
      new TokenReviewer.Review(
          false, "", List.of(), List.of(), Map.of(), "[invalid bearer token\n\"forged\"]");

  private Instant now = START;
  private final Map<String, FakeServer> servers = new HashMap<>();
  private final KubernetesTokens tokens =
      new KubernetesTokens(servers::get, KubernetesTokens.AUDIENCES, () -> now);

  /** The API server of one cluster: knows the tokens it has made, as a real one does. */
  private static final class FakeServer implements TokenReviewer {
    final Map<String, Review> known = new HashMap<>();
    final List<String> asked = new ArrayList<>();
    boolean down;

    @Override
    public synchronized Review review(String token, List<String> audiences) throws IOException {
      asked.add(token);
      if (down) {
        throw new IOException("no answer: connection refused");
      }
      assertEquals(KubernetesTokens.AUDIENCES, audiences);
      return known.getOrDefault(token, UNKNOWN);
    }
  }

  private FakeServer cluster(String id) {
    return servers.computeIfAbsent(id, i -> new FakeServer());
  }

  private static String jwt(String claims) {
    Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
    return encoder.encodeToString("{\"alg\":\"RS256\"}".getBytes(StandardCharsets.UTF_8))
        + "."
        + encoder.encodeToString(claims.getBytes(StandardCharsets.UTF_8))
        + ".c2lnbmF0dXJl";
  }

  private static String token(Instant expires) {
    return jwt(
        "{\"iss\":\"https://kubernetes.default.svc\",\"exp\":" + expires.getEpochSecond() + "}");
  }

  private static AuthResult.Refused refused(AuthResult result) {
    return assertInstanceOf(AuthResult.Refused.class, result);
  }

  private static final String TOKEN = token(START.plusSeconds(3600));

  @Test
  void aTokenOfTheClaimedClusterIsAcceptedWithItsPod() {
    cluster("east").known.put(TOKEN, GOOD);
    assertEquals(
        new AuthResult.Verified(
            new JoinIdentity("east", "demo", "web"),
            AuthMethod.KUBERNETES_TOKEN,
            START.plusSeconds(3600),
            new AuthResult.BoundPod("web-1", "uid-1")),
        tokens.verify(TOKEN, "east"));
  }

  @Test
  void theSameTokenIsRefusedForAnyOtherCluster() {
    cluster("east").known.put(TOKEN, GOOD);
    assertEquals(AuthResult.Reason.REVIEW, refused(other().verify(TOKEN, "west")).reason());
    // Two servers with one signing key would both accept it.
    cluster("west").known.put(TOKEN, GOOD);
    assertInstanceOf(AuthResult.Verified.class, tokens.verify(TOKEN, "east"));
    assertEquals(AuthResult.Reason.CLUSTER, refused(tokens.verify(TOKEN, "west")).reason());
  }

  private KubernetesTokens other() {
    cluster("west");
    return new KubernetesTokens(servers::get, KubernetesTokens.AUDIENCES, () -> now);
  }

  @Test
  void anEmptyOrUnknownClusterIsRefusedAndNobodyIsAsked() {
    FakeServer east = cluster("east");
    east.known.put(TOKEN, GOOD);
    servers.put("", east);
    AuthResult.Refused empty = refused(tokens.verify(TOKEN, ""));
    assertEquals(AuthResult.Reason.CLUSTER, empty.reason());
    assertTrue(empty.detail().contains("clusterid"), empty.detail());
    AuthResult.Refused unknown = refused(tokens.verify(TOKEN, "north"));
    assertEquals(AuthResult.Reason.CLUSTER, unknown.reason());
    assertTrue(unknown.detail().contains("'north'"), unknown.detail());
    for (String bad : List.of("ea st", "east\n", "x".repeat(254))) {
      AuthResult.Refused result = refused(tokens.verify(TOKEN, bad));
      assertEquals(AuthResult.Reason.CLUSTER, result.reason());
      assertFalse(result.detail().contains(bad), result.detail());
    }
    assertEquals(List.of(), east.asked);
  }

  @Test
  void whatTheServerSaysIsCheckedToo() {
    Map<TokenReviewer.Review, AuthResult.Reason> cases =
        Map.of(
            UNKNOWN,
            AuthResult.Reason.REVIEW,
            review(SUBJECT, List.of("system:serviceaccounts"), List.of()),
            AuthResult.Reason.AUDIENCE,
            review(SUBJECT, List.of("system:serviceaccounts"), List.of("https://api")),
            AuthResult.Reason.AUDIENCE,
            review(SUBJECT, List.of("system:authenticated"), List.of("portolan")),
            AuthResult.Reason.CLAIMS,
            review("admin", List.of("system:serviceaccounts"), List.of("portolan")),
            AuthResult.Reason.CLAIMS,
            review(SUBJECT + ":x", List.of("system:serviceaccounts"), List.of("portolan")),
            AuthResult.Reason.CLAIMS,
            review(
                "system:serviceaccount::web",
                List.of("system:serviceaccounts"),
                List.of("portolan")),
            AuthResult.Reason.CLAIMS,
            review(
                "system:serviceaccount:demo:..",
                List.of("system:serviceaccounts"),
                List.of("portolan")),
            AuthResult.Reason.CLAIMS);
    int number = 0;
    for (var each : cases.entrySet()) {
      String token = token(START.plusSeconds(1000 + number++));
      cluster("east").known.put(token, each.getKey());
      AuthResult.Refused result = refused(tokens.verify(token, "east"));
      assertEquals(each.getValue(), result.reason(), each.getKey().toString());
      assertFalse(result.detail().contains(token), "a refusal never quotes the token");
      assertFalse(result.detail().contains("\n"), "nor breaks a log line");
      assertFalse(result.detail().contains("\""), "nor ends a quoted value");
    }
  }

  private static TokenReviewer.Review review(
      String user, List<String> groups, List<String> audiences) {
    return new TokenReviewer.Review(true, user, groups, audiences, Map.of(), "");
  }

  @Test
  void aTokenWithoutAPodIsAcceptedWithoutOne() {
    cluster("east")
        .known
        .put(TOKEN, review(SUBJECT, List.of("system:serviceaccounts"), List.of("portolan")));
    assertNull(assertInstanceOf(AuthResult.Verified.class, tokens.verify(TOKEN, "east")).pod());
  }

  @Test
  void aServerThatIsDownMakesTheTokenUncheckedNotAccepted() {
    FakeServer east = cluster("east");
    east.known.put(TOKEN, GOOD);
    east.down = true;
    assertInstanceOf(AuthResult.Unavailable.class, tokens.verify(TOKEN, "east"));
    east.down = false;
    assertInstanceOf(AuthResult.Verified.class, tokens.verify(TOKEN, "east"));
    east.down = true;
    now = now.plusSeconds(59);
    assertInstanceOf(AuthResult.Verified.class, tokens.verify(TOKEN, "east"), "from the cache");
    now = now.plusSeconds(2);
    assertInstanceOf(AuthResult.Unavailable.class, tokens.verify(TOKEN, "east"));
  }

  @Test
  void anAcceptedTokenIsAskedForOnceAMinuteAndNeverAfterItsEnd() {
    FakeServer east = cluster("east");
    String soon = token(START.plusSeconds(10));
    east.known.put(soon, GOOD);
    tokens.verify(soon, "east");
    now = START.plusSeconds(9);
    assertInstanceOf(AuthResult.Verified.class, tokens.verify(soon, "east"));
    assertEquals(1, east.asked.size());
    east.known.clear();
    now = START.plusSeconds(11);
    assertEquals(AuthResult.Reason.REVIEW, refused(tokens.verify(soon, "east")).reason());
    now = START.plusSeconds(60);
    assertEquals(AuthResult.Reason.EXPIRED, refused(tokens.verify(soon, "east")).reason());
    assertEquals(2, east.asked.size());
  }

  @Test
  void aRefusalIsKeptBriefly() {
    FakeServer east = cluster("east");
    refused(tokens.verify(TOKEN, "east"));
    refused(tokens.verify(TOKEN, "east"));
    assertEquals(1, east.asked.size());
    east.known.put(TOKEN, GOOD);
    now = now.plusSeconds(6);
    assertInstanceOf(AuthResult.Verified.class, tokens.verify(TOKEN, "east"));
  }

  @Test
  void aRemovedClusterIsRefusedAtOnce() {
    cluster("east").known.put(TOKEN, GOOD);
    tokens.verify(TOKEN, "east");
    servers.remove("east");
    assertEquals(AuthResult.Reason.CLUSTER, refused(tokens.verify(TOKEN, "east")).reason());
  }

  @Test
  void garbageNeverReachesAServer() {
    FakeServer east = cluster("east");
    for (String bad :
        List.of("", "x", "a.b", "a.b.c", "a.b.c.d", jwt("[]"), jwt(""), "x".repeat(9000))) {
      assertEquals(AuthResult.Reason.MALFORMED, refused(tokens.verify(bad, "east")).reason(), bad);
    }
    assertEquals(List.of(), east.asked);
  }

  @Test
  void theCacheIsBoundedAndRefusalsDisplaceNoAcceptance() {
    TokenCache cache = new TokenCache(4);
    AuthResult good =
        new AuthResult.Verified(
            new JoinIdentity("east", "demo", "web"),
            AuthMethod.KUBERNETES_TOKEN,
            Instant.MAX,
            null);
    cache.keep("good", "east", good, START.plusSeconds(60));
    for (int i = 0; i < 100; i++) {
      cache.keep(
          "bad" + i,
          "east",
          new AuthResult.Refused(AuthResult.Reason.REVIEW, ""),
          START.plusSeconds(60));
    }
    assertEquals(5, cache.size());
    assertEquals(good, cache.get("good", "east", START));
    assertNull(cache.get("bad0", "east", START));
    assertNull(cache.get("good", "east", START.plusSeconds(60)));
  }

  @Test
  void aServerThatDoesNotAnswerIsGivenUp() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    KubernetesTokens impatient =
        new KubernetesTokens(
            cluster ->
                (token, audiences) -> {
                  try {
                    new CountDownLatch(1).await();
                  } catch (InterruptedException e) {
                    interrupted.countDown();
                  }
                  return GOOD;
                },
            KubernetesTokens.AUDIENCES,
            () -> now,
            Duration.ofMillis(20));
    AuthResult.Unavailable result =
        assertInstanceOf(AuthResult.Unavailable.class, impatient.verify(TOKEN, "east"));
    assertTrue(result.detail().contains("no answer within 20 ms"), result.detail());
    assertTrue(interrupted.await(10, java.util.concurrent.TimeUnit.SECONDS));
  }

  @Test
  void sixteenReviewsOfAClusterRunAtOnce() throws Exception {
    CyclicBarrier sixteen = new CyclicBarrier(16);
    KubernetesTokens all =
        new KubernetesTokens(
            cluster ->
                (token, audiences) -> {
                  try {
                    sixteen.await(10, java.util.concurrent.TimeUnit.SECONDS);
                  } catch (Exception e) {
                    throw new IOException("not sixteen at once", e);
                  }
                  return GOOD;
                },
            KubernetesTokens.AUDIENCES,
            () -> now);
    List<Thread> threads = new ArrayList<>();
    List<AuthResult> results = java.util.Collections.synchronizedList(new ArrayList<>());
    for (int i = 0; i < 32; i++) {
      String token = token(START.plusSeconds(100 + i));
      threads.add(Thread.ofVirtual().start(() -> results.add(all.verify(token, "east"))));
    }
    for (Thread each : threads) {
      each.join();
    }
    assertEquals(32, results.stream().filter(AuthResult.Verified.class::isInstance).count());
  }

  @Test
  void withoutAnAudienceNothingStarts() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new KubernetesTokens(TokenReviewers.NONE, List.of(), () -> now));
  }

  @Test
  void theIssuerClaimChoosesTheVerifierAndIsNotTrusted(@TempDir Path data) throws Exception {
    JoinTokens join = JoinTokens.open(data, () -> now);
    Authenticator authenticator =
        new Authenticator(
            join,
            tokens,
            CaDirectory.open(data, data.resolve("ca"), "td.example", Duration.ofDays(1), () -> now),
            () -> now);
    FakeServer east = cluster("east");
    east.known.put(TOKEN, GOOD);
    String own = join.mint(new JoinIdentity("east", "demo", "web"), Duration.ofHours(1));

    assertEquals(AuthMethod.JOIN_TOKEN, method(authenticator, own, "", "east"));
    assertEquals(AuthMethod.JOIN_TOKEN, method(authenticator, own, "east", ""));
    assertEquals(AuthMethod.KUBERNETES_TOKEN, method(authenticator, TOKEN, "", "east"));
    assertEquals(AuthMethod.KUBERNETES_TOKEN, method(authenticator, TOKEN, "east", ""));
    assertEquals(
        AuthResult.Reason.CLUSTER,
        refused(authenticator.authenticate(new PeerCredential.Token(own, "west"), "east"))
            .reason());
    // A token that poses as a join token is not shown to a server, and has no good signature.
    String posing = jwt("{\"iss\":\"portolan\",\"exp\":99999999999}");
    east.known.put(posing, GOOD);
    assertEquals(
        AuthResult.Reason.ALGORITHM,
        refused(authenticator.authenticate(new PeerCredential.Token(posing, "east"), "")).reason());
    assertFalse(east.asked.contains(posing));
    assertEquals(
        AuthResult.Reason.NO_CREDENTIAL,
        refused(authenticator.authenticate(new PeerCredential.Nothing(), "east")).reason());
  }

  private static AuthMethod method(
      Authenticator authenticator, String token, String header, String node) {
    return assertInstanceOf(
            AuthResult.Verified.class,
            authenticator.authenticate(new PeerCredential.Token(token, header), node))
        .method();
  }
}
