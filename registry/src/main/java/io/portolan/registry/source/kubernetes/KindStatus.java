package io.portolan.registry.source.kubernetes;

import io.portolan.registry.model.Kind;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How the reading of one kind goes.
 *
 * @param path the collection that is read, such as {@code /api/v1/pods}
 * @param resourceVersion the last one seen, empty before the first list
 * @param lastProgress when the API server last said something about this kind, null for never
 * @param lists how many lists were completed
 * @param watches how many watches were answered
 * @param failures requests that failed since the last progress
 * @param objects how many objects are kept
 * @param problem why the last request failed, empty when it did not
 */
public record KindStatus(
    Kind kind,
    String path,
    State state,
    String resourceVersion,
    @Nullable Instant lastProgress,
    long lists,
    long watches,
    int failures,
    int objects,
    String problem) {
  /** What is being done. */
  public enum State {
    /** A list is on its way. */
    LISTING,
    /** A watch is on its way or open. */
    WATCHING,
    /** A request failed; the next one waits. */
    WAITING,
    /** The API server does not have the kind. */
    MISSING,
    /** The credential is refused or may not read the kind. */
    REFUSED,
    /** The reader was closed. */
    CLOSED
  }
}
