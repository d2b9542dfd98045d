package io.portolan.registry.source.kubernetes.membership;

import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Passes everything on, and notices when a reader has listed every kind: from then on a replaced
 * reader is no longer needed.
 */
final class WatchedFeed implements ClusterFeed {
  private final ClusterFeed feed;
  private final Set<Kind> missing;
  private final Consumer<WatchedFeed> listedAll;
  private final Runnable failureChanged;
  private volatile String failure = "";

  /**
   * @param listedAll called once with this feed, on the reader's thread, after the last list was
   *     passed on
   * @param failureChanged called on the reader's thread when {@link #failure} is another one
   */
  WatchedFeed(
      ClusterFeed feed, Set<Kind> kinds, Consumer<WatchedFeed> listedAll, Runnable failureChanged) {
    this.feed = feed;
    this.missing = kinds.isEmpty() ? EnumSet.noneOf(Kind.class) : EnumSet.copyOf(kinds);
    this.listedAll = listedAll;
    this.failureChanged = failureChanged;
  }

  /** Why the last request failed, empty after one that did not. */
  String failure() {
    return failure;
  }

  @Override
  public void listed(Kind kind, List<MeshObject> objects) {
    note("");
    feed.listed(kind, objects);
    boolean done;
    synchronized (missing) {
      done = missing.remove(kind) && missing.isEmpty();
    }
    if (done) {
      listedAll.accept(this);
    }
  }

  @Override
  public void put(MeshObject object) {
    note("");
    feed.put(object);
  }

  @Override
  public void remove(ObjectRef ref) {
    note("");
    feed.remove(ref);
  }

  @Override
  public void alive() {
    note("");
    feed.alive();
  }

  @Override
  public void failed(String reason) {
    note(reason);
    feed.failed(reason);
  }

  @Override
  public Set<Kind> unconfirmed() {
    return feed.unconfirmed();
  }

  /** Readers fail many times with one reason; that is one change. */
  private void note(String reason) {
    if (!reason.equals(failure)) {
      failure = reason;
      failureChanged.run();
    }
  }
}
