package io.portolan.registry.federation;

import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A member at one moment, for people.
 *
 * @param condition what proxies are told, with the reason
 * @param since when it became so
 * @param synced every kind has been read
 * @param silence time since the last sign of life of its API server, not counting times when this
 *     process stood still
 * @param lastProgress the last sign of life, null before the first
 * @param lastSync when all kinds had last been listed and came in force, null before the first
 * @param lastFailure the last failed request since the last sign of life, or empty
 * @param objects objects in force, by kind
 * @param held lists that are held down now
 * @param heldTotal lists that were ever held down
 * @param rejected objects that a reader reported under another cluster's or kind's name
 * @param replacement the reader that is to take over, or empty
 * @param snapshot state of the last-good snapshot, or empty
 * @param uid UID of its namespace kube-system, empty before it was read
 * @param replaced what is said while another cluster answers under its name, for a day; or empty
 * @param history the last transitions, oldest first
 */
public record MemberStatus(
    String cluster,
    ClusterCondition condition,
    Instant since,
    boolean synced,
    Duration silence,
    @Nullable Instant lastProgress,
    @Nullable Instant lastSync,
    String lastFailure,
    Map<Kind, Integer> objects,
    List<Held> held,
    long heldTotal,
    long rejected,
    String replacement,
    String snapshot,
    String uid,
    String replaced,
    List<Transition> history) {
  public MemberStatus {
    objects = Map.copyOf(objects);
    held = List.copyOf(held);
    history = List.copyOf(history);
  }

  /**
   * A list that is held down.
   *
   * @param published objects in force
   * @param listed objects in the list
   * @param since when a list first said so
   */
  public record Held(Kind kind, int published, int listed, Instant since) {}
}
