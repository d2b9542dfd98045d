package io.portolan.ca.authn;

import io.portolan.ca.identity.SpiffeId;

/** Who a join token was made for. */
public record JoinIdentity(String cluster, String namespace, String serviceAccount) {
  /**
   * @throws IllegalArgumentException when a part is not usable in an identity
   */
  public JoinIdentity {
    if (cluster.isEmpty() || cluster.length() > 253) {
      throw new IllegalArgumentException(
          "cluster id of " + cluster.length() + " characters (expected 1..253)");
    }
    var _ = new SpiffeId("cluster.local", namespace, serviceAccount);
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
