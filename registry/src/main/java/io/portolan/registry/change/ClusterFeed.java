package io.portolan.registry.change;

import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import java.util.List;
import java.util.Set;

/**
 * What the reader of one cluster's API server says. The reader reports what it sees; what is
 * published, held down or restored is decided on the other side. Safe for any thread; calls of one
 * kind must come in order; never blocks on I/O.
 */
public interface ClusterFeed {
  /**
   * A kind was listed completely: these are all of its objects. The cluster has synced once every
   * kind the reader was told to read has been listed.
   */
  void listed(Kind kind, List<MeshObject> objects);

  /** A watch says that an object exists and looks like this. */
  void put(MeshObject object);

  /** A watch says that an object is gone. */
  void remove(ObjectRef ref);

  /** The API server gave a sign of life: an answer, an event or a bookmark. */
  void alive();

  /**
   * A request failed; the reader goes on trying.
   *
   * @param reason one line for people: what was asked, what happened
   */
  void failed(String reason);

  /**
   * Kinds whose last list lost so much that it is held down until a further list says the same. The
   * reader lists these again when it asks and finds them here; asking every few seconds is enough,
   * and nothing is here before the hold-down time is over.
   */
  default Set<Kind> unconfirmed() {
    return Set.of();
  }
}
