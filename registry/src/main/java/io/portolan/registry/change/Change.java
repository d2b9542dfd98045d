package io.portolan.registry.change;

import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.ObjectRef;

/** One fact about the outside that is now true. */
public sealed interface Change {
  /** An object exists and looks like this. */
  record Put(MeshObject object) implements Change {}

  /** An object does not exist any more; removing what was never there is harmless. */
  record Remove(ObjectRef ref) implements Change {}

  /** Everything of a cluster is gone. */
  record DropCluster(String cluster) implements Change {}

  /** What is concluded about a member cluster. */
  record Condition(String cluster, ClusterCondition condition) implements Change {}

  /** The mesh is configured like this. */
  record Settings(MeshSettings settings) implements Change {}

  /**
   * The state of an east-west gateway as the probe sees it.
   *
   * @param reason one line for people: why it is up or down
   */
  record GatewayHealth(String network, String address, int port, boolean up, String reason)
      implements Change {}

  /**
   * What a host name of the outside leads to now: an east-west gateway or a cloud balancer that is
   * named and not numbered.
   *
   * @param addresses IP addresses in a fixed order; empty when the name has none
   */
  record HostAddresses(String host, java.util.List<String> addresses) implements Change {
    public HostAddresses {
      addresses = java.util.List.copyOf(addresses);
    }
  }
}
