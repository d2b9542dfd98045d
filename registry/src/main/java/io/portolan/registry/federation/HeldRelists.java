package io.portolan.registry.federation;

import io.portolan.registry.model.ClusterHealth;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The lists of one member that are held down. Not thread-safe: guarded by its member. */
final class HeldRelists {
  private static final Logger LOG = LoggerFactory.getLogger(HeldRelists.class);

  private final String cluster;
  private final Surroundings around;
  private final Map<Kind, HeldRelist> held = new EnumMap<>(Kind.class);
  private long total;

  HeldRelists(String cluster, Surroundings around) {
    this.cluster = cluster;
    this.around = around;
  }

  @Nullable HeldRelist of(Kind kind) {
    return held.get(kind);
  }

  void end(Kind kind) {
    held.remove(kind);
  }

  void clear() {
    held.clear();
  }

  /** Lists that were ever held down. */
  long total() {
    return total;
  }

  /** A further list says the same too early. */
  void again(Kind kind, HeldRelist doubted, Map<ObjectRef, MeshObject> next) {
    held.put(kind, new HeldRelist(next, doubted.since(), doubted.at()));
  }

  void hold(Kind kind, int before, Map<ObjectRef, MeshObject> next, Duration steady) {
    held.put(kind, new HeldRelist(next, steady, around.clock().instant()));
    total++;
    LOG.error(
        "list held down cluster={} kind={} objects={} was={} holdDown={} (the last state stays"
            + " until a further list says the same)",
        cluster,
        kind.kubernetesName(),
        next.size(),
        before,
        rule().holdDown());
    around.events().heldDown(cluster, kind);
  }

  /** True when a further list may confirm it. */
  boolean isRipe(HeldRelist doubted, Duration steady) {
    return steady.minus(doubted.since()).compareTo(rule().holdDown()) >= 0;
  }

  Set<Kind> ripe(Duration steady) {
    Set<Kind> ripe = EnumSet.noneOf(Kind.class);
    held.forEach(
        (kind, doubted) -> {
          if (isRipe(doubted, steady)) {
            ripe.add(kind);
          }
        });
    return ripe;
  }

  boolean isDoubted(int before, int after) {
    return HeldRelist.doubted(before, after, rule());
  }

  boolean isDoubted(Arena before, Arena next) {
    for (Kind kind : Kind.values()) {
      if (isDoubted(before.count(kind), next.count(kind))) {
        return true;
      }
    }
    return false;
  }

  /** For people. */
  List<MemberStatus.Held> status(Arena inForce) {
    List<MemberStatus.Held> list = new ArrayList<>();
    held.forEach(
        (kind, doubted) ->
            list.add(
                new MemberStatus.Held(
                    kind, inForce.count(kind), doubted.listed().size(), doubted.at())));
    return list;
  }

  private ClusterHealth.Relist rule() {
    return around.settings().get().clusterHealth().of(cluster).relist();
  }
}
