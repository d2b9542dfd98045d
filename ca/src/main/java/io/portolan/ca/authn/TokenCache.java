package io.portolan.ca.authn;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Results of token reviews by hash of the token, never the token. Least recently used ones go
 * first; refusals have a room of their own, so that a flood of bad tokens displaces no good one.
 * Safe for any thread.
 */
final class TokenCache {
  private final Map<String, Entry> verified;
  private final Map<String, Entry> refused;

  private record Entry(String cluster, AuthResult result, Instant until) {}

  TokenCache(int most) {
    this.verified = bounded(most);
    this.refused = bounded(most);
  }

  private static <V> Map<String, V> bounded(int most) {
    return new LinkedHashMap<>(16, 0.75f, true) {
      private static final long serialVersionUID = 1L;

      @Override
      protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
        return size() > most;
      }
    };
  }

  /** The kept result; null when there is none for this time. */
  synchronized @Nullable AuthResult get(String hash, String cluster, Instant now) {
    Entry good = verified.get(hash);
    if (good != null && now.isBefore(good.until())) {
      return good.cluster().equals(cluster)
          ? good.result()
          : new AuthResult.Refused(
              AuthResult.Reason.CLUSTER,
              "this token was accepted for another cluster than '" + cluster + "'");
    }
    Entry bad = refused.get(hash + cluster);
    return bad != null && now.isBefore(bad.until()) ? bad.result() : null;
  }

  synchronized void keep(String hash, String cluster, AuthResult result, Instant until) {
    switch (result) {
      case AuthResult.Verified _ -> verified.put(hash, new Entry(cluster, result, until));
      case AuthResult.Refused _ -> refused.put(hash + cluster, new Entry(cluster, result, until));
      case AuthResult.Unavailable _ -> {}
    }
  }

  synchronized int size() {
    return verified.size() + refused.size();
  }
}
