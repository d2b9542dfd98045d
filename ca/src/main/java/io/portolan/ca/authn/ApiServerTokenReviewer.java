package io.portolan.ca.authn;

import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * TokenReview by a Kubernetes client, whose user needs {@code create} on {@code
 * tokenreviews.authentication.k8s.io}. Safe for any thread.
 */
public final class ApiServerTokenReviewer implements TokenReviewer {
  private final KubernetesClient client;

  /**
   * @param client of the cluster; stays its owner's
   */
  public ApiServerTokenReviewer(KubernetesClient client) {
    this.client = client;
  }

  @Override
  public Review review(String token, List<String> audiences) throws IOException {
    TokenReview question =
        new TokenReviewBuilder()
            .withNewSpec()
            .withToken(token)
            .withAudiences(audiences)
            .endSpec()
            .build();
    TokenReviewStatus status;
    try {
      status = client.authentication().v1().tokenReviews().create(question).getStatus();
    } catch (KubernetesClientException e) {
      throw new IOException(reason(e), e);
    }
    if (status == null) {
      throw new IOException("TokenReview without a status");
    }
    var user = status.getUser();
    return new Review(
        Boolean.TRUE.equals(status.getAuthenticated()),
        user == null ? "" : text(user.getUsername()),
        user == null ? List.of() : list(user.getGroups()),
        list(status.getAudiences()),
        user == null || user.getExtra() == null ? Map.of() : user.getExtra(),
        text(status.getError()));
  }

  private static String reason(KubernetesClientException e) {
    return switch (e.getCode()) {
      // Without an HTTP answer the client gives 0 or -1.
      case 0, -1 ->
          "no answer: " + (e.getCause() == null ? e.getMessage() : e.getCause().toString());
      case 401 -> "HTTP 401: it does not accept this control plane's own credential";
      case 403 ->
          "HTTP 403: this control plane may not create tokenreviews.authentication.k8s.io (remedy:"
              + " bind its user to system:auth-delegator)";
      default -> "HTTP " + e.getCode();
    };
  }

  private static String text(@Nullable String value) {
    return value == null ? "" : value;
  }

  private static List<String> list(@Nullable List<String> values) {
    return values == null ? List.of() : values;
  }
}
