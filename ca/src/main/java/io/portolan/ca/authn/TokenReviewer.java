package io.portolan.ca.authn;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Asks one cluster's API server about a token (Kubernetes {@code authentication.k8s.io/v1}). */
public interface TokenReviewer {
  /**
   * Sends a TokenReview. Blocks; may be interrupted.
   *
   * @param audiences the token must be for at least one of them
   * @throws IOException when the server gives no answer that counts; the message quotes no token
   */
  Review review(String token, List<String> audiences) throws IOException;

  /**
   * The status of a TokenReview.
   *
   * @param audiences those of the asked ones that the token is for; empty when the server knows
   *     none
   * @param extra what the server knows besides, such as the pod a token is bound to
   * @param error why the token is not accepted, empty when nothing is said
   */
  record Review(
      boolean authenticated,
      String username,
      List<String> groups,
      List<String> audiences,
      Map<String, List<String>> extra,
      String error) {
    public Review {
      groups = List.copyOf(groups);
      audiences = List.copyOf(audiences);
      extra = Map.copyOf(extra);
    }
  }
}
