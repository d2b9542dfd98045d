package io.portolan.ca.authn;

import io.portolan.ca.trust.Fingerprint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Kubernetes service account tokens, checked by the API server of the cluster that the peer claims
 * to be in. Blocks while that is asked; safe for any thread that may block.
 *
 * <p>The claimed cluster only selects who is asked. A server that does not answer makes the result
 * {@link AuthResult.Unavailable}, never an acceptance. An accepted token is remembered by its hash
 * for a minute at most and never beyond its end, a refused one for 5 seconds; meanwhile an accepted
 * token is refused for any other cluster. At most 16 reviews are under way per cluster.
 */
public final class KubernetesTokens {
  /** Audiences of tokens for a control plane: Istio's and this one's. */
  public static final List<String> AUDIENCES = List.of("istio-ca", "portolan");

  /** Longest time one check takes: a turn, then an answer. */
  public static final Duration LONGEST_WAIT = Duration.ofSeconds(20);

  private static final Logger LOG = LoggerFactory.getLogger(KubernetesTokens.class);
  private static final Duration SKEW = Duration.ofSeconds(30);
  private static final Duration KEEP_VERIFIED = Duration.ofMinutes(1);
  private static final Duration KEEP_REFUSED = Duration.ofSeconds(5);
  private static final int CACHED = 20_000;
  private static final int AT_ONCE = 16;
  private static final String USER = "system:serviceaccount:";
  private static final String GROUP = "system:serviceaccounts";
  private static final String POD_NAME = "authentication.kubernetes.io/pod-name";
  private static final String POD_UID = "authentication.kubernetes.io/pod-uid";

  private final TokenReviewers reviewers;
  private final List<String> audiences;
  private final InstantSource clock;
  private final Duration wait;
  private final TokenCache cache = new TokenCache(CACHED);
  private final Map<String, Semaphore> turns = new ConcurrentHashMap<>();

  /**
   * @param audiences a token must be for at least one of them; not empty
   */
  public KubernetesTokens(TokenReviewers reviewers, List<String> audiences, InstantSource clock) {
    this(reviewers, audiences, clock, LONGEST_WAIT.dividedBy(2));
  }

  /**
   * @param wait longest time for a turn, and for an answer
   */
  KubernetesTokens(
      TokenReviewers reviewers, List<String> audiences, InstantSource clock, Duration wait) {
    if (audiences.isEmpty()) {
      // A review without audiences accepts tokens that were made for the API server.
      throw new IllegalArgumentException("no token audience (expected at least one)");
    }
    this.reviewers = reviewers;
    this.audiences = List.copyOf(audiences);
    this.clock = clock;
    this.wait = wait;
  }

  /**
   * Checks a token.
   *
   * @param cluster the claimed one; an empty one is refused and never means a default
   */
  public AuthResult verify(String token, String cluster) {
    if (cluster.isEmpty()) {
      return refused(AuthResult.Reason.CLUSTER, Authenticator.NO_CLUSTER);
    }
    try {
      JoinIdentity.checkCluster(cluster);
    } catch (IllegalArgumentException e) {
      return refused(AuthResult.Reason.CLUSTER, String.valueOf(e.getMessage()));
    }
    TokenReviewer reviewer = reviewers.of(cluster);
    if (reviewer == null) {
      return refused(
          AuthResult.Reason.CLUSTER,
          "no API server of cluster '"
              + cluster
              + "' is known here to check the token (expected a cluster of this mesh, or a join"
              + " token)");
    }
    UnverifiedToken claims = UnverifiedToken.read(token);
    if (claims == null) {
      return refused(AuthResult.Reason.MALFORMED, "token is not a JWT");
    }
    Instant now = clock.instant();
    if (claims.expires() != null && !now.isBefore(claims.expires().plus(SKEW))) {
      return refused(AuthResult.Reason.EXPIRED, "token expired at " + claims.expires());
    }
    String hash = Fingerprint.whole(token.getBytes(StandardCharsets.UTF_8));
    AuthResult known = cache.get(hash, cluster, now);
    if (known != null) {
      return known;
    }
    AuthResult result = ask(reviewer, token, cluster, claims);
    Instant then = clock.instant();
    cache.keep(
        hash,
        cluster,
        result,
        result instanceof AuthResult.Verified verified
            ? earlier(verified.expires(), then.plus(KEEP_VERIFIED))
            : then.plus(KEEP_REFUSED));
    return result;
  }

  private static Instant earlier(Instant one, Instant other) {
    return one.isBefore(other) ? one : other;
  }

  private AuthResult ask(
      TokenReviewer reviewer, String token, String cluster, UnverifiedToken claims) {
    Semaphore turn = turns.computeIfAbsent(cluster, c -> new Semaphore(AT_ONCE, true));
    try {
      if (!turn.tryAcquire(wait.toNanos(), TimeUnit.NANOSECONDS)) {
        return unavailable(cluster, "too many token reviews are waiting");
      }
      try {
        return judge(answer(reviewer, token), cluster, claims);
      } finally {
        turn.release();
      }
    } catch (IOException e) {
      return unavailable(cluster, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return unavailable(cluster, "interrupted");
    }
  }

  /** A client may wait and retry for minutes, so the time is bounded here. */
  private TokenReviewer.Review answer(TokenReviewer reviewer, String token)
      throws IOException, InterruptedException {
    FutureTask<TokenReviewer.Review> task =
        new FutureTask<>(() -> reviewer.review(token, audiences));
    Thread.ofVirtual().name("token-review").start(task);
    try {
      return task.get(wait.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new IOException("no answer within " + wait.toMillis() + " ms", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      throw new IOException("token review failed: " + e.getCause(), e);
    } finally {
      task.cancel(true);
    }
  }

  private AuthResult judge(TokenReviewer.Review review, String cluster, UnverifiedToken claims) {
    if (!review.authenticated()) {
      return refused(
          AuthResult.Reason.REVIEW,
          "the API server of cluster '"
              + cluster
              + "' does not accept the token"
              + (review.error().isEmpty() ? "" : ": " + clean(review.error())));
    }
    if (review.audiences().stream().noneMatch(audiences::contains)) {
      return refused(AuthResult.Reason.AUDIENCE, "token is for none of the audiences " + audiences);
    }
    String[] user =
        review.username().startsWith(USER)
            ? review.username().substring(USER.length()).split(":", -1)
            : new String[0];
    if (user.length != 2 || !review.groups().contains(GROUP)) {
      return refused(
          AuthResult.Reason.CLAIMS,
          "token is not a service account's (expected user "
              + USER
              + "<namespace>:<name> in group "
              + GROUP
              + ")");
    }
    try {
      return new AuthResult.Verified(
          new JoinIdentity(cluster, user[0], user[1]),
          AuthMethod.KUBERNETES_TOKEN,
          // A token of the old kind has no end; it is asked for again when the cache forgets it.
          claims.expires() == null ? Instant.MAX : claims.expires(),
          pod(review));
    } catch (IllegalArgumentException e) {
      return refused(AuthResult.Reason.CLAIMS, "token: " + e.getMessage());
    }
  }

  private static AuthResult.@Nullable BoundPod pod(TokenReviewer.Review review) {
    List<String> names = review.extra().getOrDefault(POD_NAME, List.of());
    List<String> uids = review.extra().getOrDefault(POD_UID, List.of());
    return names.size() == 1 && uids.size() == 1
        ? new AuthResult.BoundPod(names.getFirst(), uids.getFirst())
        : null;
  }

  private static AuthResult unavailable(String cluster, String reason) {
    LOG.warn("token not checked cluster={} reason=\"{}\"", cluster, reason);
    return new AuthResult.Unavailable(
        "the API server of cluster '" + cluster + "' cannot check the token now: " + reason);
  }

  private static AuthResult refused(AuthResult.Reason reason, String detail) {
    return new AuthResult.Refused(reason, detail);
  }

  private static String clean(String text) {
    String visible =
        text.codePoints()
            .limit(200)
            .map(c -> c < ' ' || c == 0x7f ? ' ' : c)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
    return visible.replace('"', '\'');
  }
}
