package io.portolan.ca.authn;

import io.portolan.ca.identity.SpiffeId;

/** Who a credential is for: a service account of one cluster. */
public record JoinIdentity(String cluster, String namespace, String serviceAccount) {
  private static final int MAX_CLUSTER = 253;
  private static final int DELETE = 0x7f;

  /**
   * @throws IllegalArgumentException when a part is not usable in an identity
   */
  public JoinIdentity {
    checkCluster(cluster);
    var _ = new SpiffeId("cluster.local", namespace, serviceAccount);
  }

  /**
   * Checks that this can be a cluster id.
   *
   * @throws IllegalArgumentException when it is empty, too long, or not of visible ASCII characters
   */
  static void checkCluster(String cluster) {
    if (cluster.isEmpty() || cluster.length() > MAX_CLUSTER) {
      throw new IllegalArgumentException(
          "cluster id of " + cluster.length() + " characters (expected 1.." + MAX_CLUSTER + ")");
    }
    // Cluster ids stand in log lines and headers; spaces and controls would forge these.
    if (!cluster.chars().allMatch(c -> c > ' ' && c < DELETE)) {
      throw new IllegalArgumentException("cluster id (expected visible ASCII characters)");
    }
  }

  /** The workload identity in a trust domain. */
  public SpiffeId spiffeId(String trustDomain) {
    return new SpiffeId(trustDomain, namespace, serviceAccount);
  }

  @Override
  public String toString() {
    return cluster + "/" + namespace + "/" + serviceAccount;
  }
}
