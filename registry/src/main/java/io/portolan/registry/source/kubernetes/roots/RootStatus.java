package io.portolan.registry.source.kubernetes.roots;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How publishing the roots into one cluster goes, for people.
 *
 * @param configMap name of the ConfigMap
 * @param state what the publisher does
 * @param reason why it does not publish, empty when it does
 * @param current namespaces whose copy is right
 * @param due namespaces that wait for a write
 * @param left namespaces whose copy is somebody else's, with the reason
 * @param failing namespaces whose last write failed, with the reason
 * @param repaired namespaces that somebody else writes again and again, with how often in a row
 * @param writes since this process started
 * @param lastWrite null before the first one
 * @param lastFailure empty for none
 */
public record RootStatus(
    String cluster,
    String configMap,
    State state,
    String reason,
    int current,
    int due,
    Map<String, String> left,
    Map<String, String> failing,
    Map<String, Integer> repaired,
    long writes,
    @Nullable LastWrite lastWrite,
    String lastFailure) {
  public RootStatus {
    left = Map.copyOf(left);
    failing = Map.copyOf(failing);
    repaired = Map.copyOf(repaired);
  }

  /** What a publisher does. */
  public enum State {
    /** Another replica leads. */
    FOLLOWING,
    /** It is about to know what there is. */
    STARTING,
    /** It keeps the copies right. */
    PUBLISHING,
    /** The credential does not allow it. */
    NOT_ALLOWED
  }

  /**
   * The last write.
   *
   * @param epoch fencing number it was made with
   */
  public record LastWrite(String namespace, Instant at, int epoch) {}
}
