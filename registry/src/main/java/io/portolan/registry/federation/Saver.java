package io.portolan.registry.federation;

import io.portolan.registry.model.MeshObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** When the snapshot of one member is written. Not thread-safe: guarded by its member. */
final class Saver {
  private final String cluster;
  private final Surroundings around;
  private boolean dirty;
  private boolean saving;
  private @Nullable Duration last;
  private String note = "";

  Saver(String cluster, Surroundings around) {
    this.cluster = cluster;
    this.around = around;
  }

  /** What is in force has changed. */
  void changed() {
    dirty = true;
  }

  /** For people: what came of the last snapshot. */
  String note() {
    return note;
  }

  /** A snapshot could not be read or written. */
  void failed(String reason) {
    note = reason;
    around.events().snapshotFailed(cluster);
  }

  /**
   * Writes what is in force, if it has changed and the last time was long enough ago.
   *
   * @param done takes what came of it, on the disk's thread; to be passed to {@link #saved}
   */
  void save(Duration steady, Supplier<List<MeshObject>> inForce, Consumer<String> done) {
    Duration before = last;
    if (!dirty
        || saving
        || (before != null
            && steady.minus(before).compareTo(around.options().snapshotInterval()) < 0)) {
      return;
    }
    dirty = false;
    saving = true;
    last = steady;
    Instant taken = around.clock().instant();
    around.lastGood().save(new Snapshot(cluster, taken, inForce.get()), done);
  }

  /** A snapshot is written, or is not for this reason. */
  void saved(String reason) {
    saving = false;
    if (reason.isEmpty()) {
      note = "written at " + around.clock().instant();
    } else {
      dirty = true;
      failed(reason);
    }
  }
}
