package io.portolan.registry.federation;

import java.time.Duration;
import java.util.Set;

/**
 * What a federation is told once, at start.
 *
 * @param localCluster the cluster this process runs in, or empty; gateways of its network say
 *     nothing, since nothing passes them on the way from here
 * @param required clusters without which nothing is published, whatever the start grace
 * @param snapshotInterval least time between two snapshots of one cluster
 */
public record FederationOptions(
    String localCluster, Set<String> required, Duration snapshotInterval) {
  /** No cluster of its own, none required, ten seconds. */
  public static final FederationOptions DEFAULT =
      new FederationOptions("", Set.of(), Duration.ofSeconds(10));

  public FederationOptions {
    required = Set.copyOf(required);
  }
}
