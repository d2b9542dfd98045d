package io.portolan.registry.federation;

import io.portolan.registry.model.ClusterHealth;

/** What happens to a member, in the eyes of its state machine. */
sealed interface MemberEvent {
  /** Time passes. */
  record Tick() implements MemberEvent {}

  /** The cluster is announced, for the first time or again. */
  record Join() implements MemberEvent {}

  /** Its API server gave a sign of life. */
  record Progress() implements MemberEvent {}

  /** A request to its API server failed. */
  record Failed(String reason) implements MemberEvent {}

  /** Every kind has been listed, and what was listed is in force. */
  record Synced() implements MemberEvent {}

  /** Its last-good snapshot is in force; {@code note} says which. */
  record Restored(String note) implements MemberEvent {}

  /** What the probes of its gateways say. */
  record DataPath(ClusterHealth.Data data, String reason) implements MemberEvent {}

  /** It leaves on purpose. */
  record Leave() implements MemberEvent {}
}
