package io.portolan.registry.source.kubernetes.leader;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.NamespacedKubernetesClient;
import io.fabric8.kubernetes.client.RequestConfig;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import java.time.Duration;
import java.util.function.Function;

/**
 * Requests of a leader. They end before the Lease can be anybody else's: what is sent in the last
 * moment of a {@link LeaseTimes#renewDeadline} is over before {@link LeaseTimes#lease} is.
 */
public final class BoundedRequests {
  /** Until an answer begins; shorter than lease minus renew deadline. */
  public static final Duration TIMEOUT = Duration.ofSeconds(4);

  private BoundedRequests() {}

  /** Sends a request, once. */
  public static <T> T ask(
      KubernetesClient client, Function<NamespacedKubernetesClient, T> request) {
    RequestConfig bounded =
        new RequestConfigBuilder(client.getConfiguration().getRequestConfig())
            .withRequestTimeout((int) TIMEOUT.toMillis())
            .withRequestRetryBackoffLimit(0)
            .build();
    return client
        .adapt(NamespacedKubernetesClient.class)
        .withRequestConfig(bounded)
        .call(request::apply);
  }
}
