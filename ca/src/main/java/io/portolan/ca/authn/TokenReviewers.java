package io.portolan.ca.authn;

import org.jspecify.annotations.Nullable;

/** The clusters whose API servers check tokens. Called from any thread; must not block. */
@FunctionalInterface
public interface TokenReviewers {
  /** No cluster. */
  TokenReviewers NONE = cluster -> null;

  /**
   * The API server of exactly this cluster.
   *
   * @return null when there is no such cluster; never another one's
   */
  @Nullable TokenReviewer of(String cluster);
}
