package io.portolan.registry.federation;

import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What one reader says. Gathers its own arena until every kind has been listed; then the member
 * takes the arena over. State is guarded by the member's lock.
 */
final class Feed implements ClusterFeed {
  private final Member member;
  private final Instant since;
  private final Set<Kind> waiting;
  private Arena arena = new Arena();
  private String failure = "";

  Feed(Member member, Set<Kind> kinds, Instant since) {
    this.member = member;
    this.since = since;
    this.waiting = EnumSet.noneOf(Kind.class);
    waiting.addAll(kinds);
  }

  @Override
  public void listed(Kind kind, List<MeshObject> objects) {
    member.listed(this, kind, objects);
  }

  @Override
  public void put(MeshObject object) {
    member.put(this, object);
  }

  @Override
  public void remove(ObjectRef ref) {
    member.remove(this, ref);
  }

  @Override
  public void alive() {
    member.alive(this);
  }

  @Override
  public void failed(String reason) {
    member.failed(this, reason);
  }

  @Override
  public Set<Kind> unconfirmed() {
    return member.unconfirmed(this);
  }

  Arena arena() {
    return arena;
  }

  void listed(Kind kind, Map<ObjectRef, MeshObject> objects) {
    arena.replace(kind, objects);
    waiting.remove(kind);
  }

  boolean complete() {
    return waiting.isEmpty();
  }

  void failure(String reason) {
    failure = reason;
  }

  /** The arena is the member's now. */
  void release() {
    arena = new Arena();
  }

  /** For people. */
  String describe() {
    return "since "
        + since
        + ", not listed yet: "
        + waiting
        + (failure.isEmpty() ? "" : ", last failure: " + failure);
  }
}
