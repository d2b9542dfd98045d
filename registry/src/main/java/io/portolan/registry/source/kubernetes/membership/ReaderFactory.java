package io.portolan.registry.source.kubernetes.membership;

import io.portolan.registry.change.ClusterFeed;
import java.io.IOException;

/** Opens readers of API servers. */
@FunctionalInterface
public interface ReaderFactory {
  /**
   * Opens a reader and starts it; nothing waits for the network.
   *
   * @param cluster cluster id
   * @param feed where it reports until it is closed
   * @return closes the reader and its client; idempotent, leaves no thread
   * @throws IOException when no client can be made from this kubeconfig
   */
  AutoCloseable open(String cluster, Kubeconfig kubeconfig, ClusterFeed feed) throws IOException;
}
