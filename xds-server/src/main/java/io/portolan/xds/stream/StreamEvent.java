package io.portolan.xds.stream;

import io.portolan.xds.snapshot.ResourceType;
import io.portolan.xds.snapshot.Snapshot;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What happens to a stream. */
public sealed interface StreamEvent {
  /**
   * A state-of-the-world request.
   *
   * @param version last accepted version, empty on the first request
   * @param nonce nonce of the response it answers, empty when it answers none
   * @param error the client's reason for refusing that response, null when it accepted
   */
  record Sotw(
      ResourceType type, List<String> names, String version, String nonce, @Nullable String error)
      implements StreamEvent {}

  /**
   * A delta request.
   *
   * @param initialVersions what the client holds from an earlier stream
   * @param nonce nonce of the response it answers, empty when it is spontaneous
   * @param error the client's reason for refusing that response, null when it accepted
   */
  record Delta(
      ResourceType type,
      List<String> subscribe,
      List<String> unsubscribe,
      Map<String, String> initialVersions,
      String nonce,
      @Nullable String error)
      implements StreamEvent {}

  /** A request of a type that is not served. */
  record UnknownType(String typeUrl) implements StreamEvent {}

  /** What the proxy should hold from now on. */
  record SnapshotChanged(Snapshot snapshot) implements StreamEvent {}
}
