package io.portolan.registry.federation;

import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.Kind;

/** What happens in the federation, for counters. Called on any thread; must not block. */
public interface FederationEvents {
  /** Nobody counts. */
  FederationEvents NONE =
      new FederationEvents() {
        @Override
        public void transition(String cluster, ClusterCondition from, ClusterCondition to) {}

        @Override
        public void heldDown(String cluster, Kind kind) {}

        @Override
        public void snapshotFailed(String cluster) {}

        @Override
        public void replaced(String cluster) {}

        @Override
        public void gone(String cluster) {}
      };

  /** The condition of a member changed. */
  void transition(String cluster, ClusterCondition from, ClusterCondition to);

  /** A list lost too much to be believed at once. */
  void heldDown(String cluster, Kind kind);

  /** A snapshot could not be written or was refused. */
  void snapshotFailed(String cluster);

  /** Another cluster answers under a member's name. */
  void replaced(String cluster);

  /** A cluster was dropped: nothing may be kept about it. */
  void gone(String cluster);
}
