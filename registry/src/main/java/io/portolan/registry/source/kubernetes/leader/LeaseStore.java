package io.portolan.registry.source.kubernetes.leader;

import java.io.IOException;
import java.util.Optional;

/** Where the Lease is kept. Every write carries the version that was read. */
public interface LeaseStore {
  /**
   * Reads it.
   *
   * @throws IOException when the API server does not answer or refuses
   */
  Optional<LeaseRecord> read() throws IOException;

  /**
   * Creates it when its version is empty, else replaces exactly that version.
   *
   * @return as stored; empty when somebody else was faster
   * @throws IOException when the API server does not answer or refuses; the write may have happened
   */
  Optional<LeaseRecord> write(LeaseRecord next) throws IOException;
}
