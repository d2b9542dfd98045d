package io.portolan.xds.generate.route;

import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.route.v3.HeaderMatcher;
import io.envoyproxy.envoy.config.route.v3.RetryPolicy;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate;
import io.envoyproxy.envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.portolan.xds.generate.Wire;
import io.portolan.xds.view.RouteView;

/**
 * Retry policies. The built-in one has Istio's attempts plus one on the next priority, so that a
 * dead priority costs a retry and not an error. What was already sent is repeated only where the
 * method is idempotent (RFC 9110 §9.2.2).
 */
final class Retries {
  private static final String IDEMPOTENT = "GET|HEAD|OPTIONS|TRACE|PUT|DELETE";

  // Two tries on one priority, then the priorities tried so far are left out.
  private static final int TRIES_PER_PRIORITY = 2;

  private Retries() {}

  static RouteMatch idempotent(RouteMatch match) {
    return match.toBuilder()
        .addHeaders(
            HeaderMatcher.newBuilder()
                .setName(":method")
                .setStringMatch(
                    StringMatcher.newBuilder()
                        .setSafeRegex(RegexMatcher.newBuilder().setRegex(IDEMPOTENT))))
        .build();
  }

  static RetryPolicy forIdempotent(RouteView.Retry retry) {
    return policy(retry, "reset");
  }

  static RetryPolicy forOthers(RouteView.Retry retry) {
    return policy(retry, "reset-before-request");
  }

  /** The built-in policy has one more, for the next priority; what a user asks for is exact. */
  private static int tries(RouteView.Retry retry) {
    return retry.equals(RouteView.Retry.DEFAULT) ? retry.attempts() + 1 : retry.attempts();
  }

  private static RetryPolicy policy(RouteView.Retry retry, String onReset) {
    RetryPolicy.Builder policy =
        RetryPolicy.newBuilder()
            .setRetryOn(retry.retryOn() + "," + onReset)
            .setNumRetries(UInt32Value.of(tries(retry)))
            .setHostSelectionRetryMaxAttempts(5)
            .addRetryHostPredicate(
                RetryPolicy.RetryHostPredicate.newBuilder()
                    .setName("envoy.retry_host_predicates.previous_hosts")
                    .setTypedConfig(Wire.any(PreviousHostsPredicate.getDefaultInstance())))
            .setRetryPriority(
                RetryPolicy.RetryPriority.newBuilder()
                    .setName("envoy.retry_priorities.previous_priorities")
                    .setTypedConfig(
                        Wire.any(
                            PreviousPrioritiesConfig.newBuilder()
                                .setUpdateFrequency(TRIES_PER_PRIORITY)
                                .build())));
    if (retry.retryOn().contains("retriable-status-codes")) {
      policy.addRetriableStatusCodes(503);
    }
    if (retry.perTryTimeout() != null) {
      policy.setPerTryTimeout(Wire.duration(retry.perTryTimeout()));
    }
    return policy.build();
  }
}
