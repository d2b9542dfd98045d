package io.portolan.registry.change;

import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import java.util.List;

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
}
