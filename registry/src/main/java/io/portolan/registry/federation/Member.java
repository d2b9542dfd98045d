package io.portolan.registry.federation;

import io.portolan.registry.change.Change;
import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.ClusterHealth;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One cluster of the federation: its objects in force, the reader that keeps them, the reader that
 * is going to take over, and its state.
 *
 * <p>Safe for any thread. Changes are offered under the lock, so that their order is that of the
 * arena: what was offered and what is in force are the same at every moment the lock is free.
 */
final class Member {
  private static final Logger LOG = LoggerFactory.getLogger(Member.class);

  private final String cluster;
  private final Surroundings around;
  private final Object lock = new Object();
  private final HeldRelists held;
  private final Chronicle chronicle;
  private final Identity identity;
  private final Saver saver;
  private Arena inForce = new Arena();
  private volatile boolean published;
  private @Nullable Feed current;
  private @Nullable Feed gathering;
  private @Nullable Snapshot candidate;
  private MemberState state;
  private @Nullable Instant lastProgress;
  private @Nullable Instant lastSync;
  private boolean announced;
  private long rejected;

  Member(String cluster, Surroundings around) {
    this.cluster = cluster;
    this.around = around;
    this.state = MemberState.joining(around.now());
    this.held = new HeldRelists(cluster, around);
    this.chronicle = new Chronicle(cluster, around, state.condition());
    this.identity = new Identity(cluster, around);
    this.saver = new Saver(cluster, around);
  }

  /** Tells the registry of it and looks for its snapshot. */
  void open() {
    synchronized (lock) {
      around
          .sink()
          .offer(Federation.SOURCE, List.of(new Change.Condition(cluster, chronicle.condition())));
    }
    around.lastGood().load(cluster, this::loaded);
  }

  /** A feed for a new reader, or null when nothing is left of this member. */
  @Nullable ClusterFeed join(Set<Kind> kinds) {
    synchronized (lock) {
      if (state.gone()) {
        return null;
      }
      announced = true;
      if (giveUpGathering()) {
        LOG.warn("cluster reader given up for a newer one cluster={}", cluster);
      }
      Feed feed = new Feed(this, kinds, around.clock().instant());
      gathering = feed;
      LOG.info(
          "cluster {} cluster={} kinds={}",
          current == null ? "joins" : "gets a new reader",
          cluster,
          kinds);
      advance(new MemberEvent.Join(), new ArrayList<>());
      if (feed.complete()) {
        swap(feed);
      }
      return feed;
    }
  }

  /** Begins to drain. */
  void leave() {
    synchronized (lock) {
      giveUpGathering();
      advance(new MemberEvent.Leave(), new ArrayList<>());
    }
  }

  private boolean giveUpGathering() {
    Feed given = gathering;
    if (given == null) {
      return false;
    }
    given.release();
    gathering = null;
    return true;
  }

  /** Begins to drain unless somebody announced it. */
  void leaveUnlessAnnounced() {
    synchronized (lock) {
      if (!announced) {
        LOG.warn("cluster of a snapshot is no member any more cluster={}", cluster);
        leave();
      }
    }
  }

  void dataPath(MemberEvent.DataPath path) {
    synchronized (lock) {
      advance(path, new ArrayList<>());
    }
  }

  /** Time passes. True when nothing is left of it: the caller forgets it. */
  boolean tick() {
    synchronized (lock) {
      advance(new MemberEvent.Tick(), new ArrayList<>());
      if (state.gone()) {
        drop();
        return true;
      }
      Snapshot found = candidate;
      if (!published && found != null && state.steady().compareTo(health().restoreAfter()) >= 0) {
        restore(found, new ArrayList<>());
      }
      save();
      return false;
    }
  }

  /** True once objects of it are in force. */
  boolean published() {
    return published;
  }

  String cluster() {
    return cluster;
  }

  /** The objects in force. */
  List<MeshObject> objects() {
    synchronized (lock) {
      return inForce.all();
    }
  }

  private void drop() {
    LOG.info("cluster dropped cluster={} objects={}", cluster, inForce.size());
    around.sink().offer(Federation.SOURCE, List.of(new Change.DropCluster(cluster)));
    inForce = new Arena();
    held.clear();
    current = null;
    gathering = null;
    candidate = null;
    around.lastGood().delete(cluster);
    around.events().gone(cluster);
  }

  private ClusterHealth health() {
    return around.settings().get().clusterHealth().of(cluster);
  }

  /** Moves the state on and offers, together with {@code changes}, what follows from it. */
  private void advance(MemberEvent event, List<Change> changes) {
    ClusterCondition before = state.condition();
    state = state.after(event, around.now(), health());
    if (!state.condition().equals(before)) {
      changes.add(new Change.Condition(cluster, chronicle.transition(state.condition())));
    }
    if (!changes.isEmpty()) {
      around.sink().offer(Federation.SOURCE, changes);
    }
  }

  // What a feed says. Every method begins with the question whether the feed still counts.

  void listed(Feed feed, Kind kind, List<MeshObject> objects) {
    synchronized (lock) {
      if (isStale(feed)) {
        return;
      }
      Map<ObjectRef, MeshObject> next = Arena.byRef(objects);
      next.values().removeIf(object -> isForeign(object.ref(), kind));
      progress(feed);
      if (feed == current) {
        identity.seen(next.values(), state.steady());
        relist(kind, next);
      } else {
        feed.listed(kind, next);
        if (feed.complete()) {
          swap(feed);
        }
      }
    }
  }

  void put(Feed feed, MeshObject object) {
    synchronized (lock) {
      if (isStale(feed) || isForeign(object.ref(), object.ref().kind())) {
        return;
      }
      progress(feed);
      if (feed != current) {
        feed.arena().put(object);
        return;
      }
      identity.seen(List.of(object), state.steady());
      List<Change> changes = new ArrayList<>();
      if (inForce.put(object)) {
        changes.add(new Change.Put(object));
      }
      HeldRelist doubted = held.of(object.ref().kind());
      if (doubted != null) {
        doubted.listed().put(object.ref(), object);
      }
      publish(object.ref().kind(), changes);
    }
  }

  void remove(Feed feed, ObjectRef ref) {
    synchronized (lock) {
      if (isStale(feed) || isForeign(ref, ref.kind())) {
        return;
      }
      progress(feed);
      if (feed != current) {
        feed.arena().remove(ref);
        return;
      }
      List<Change> changes = new ArrayList<>();
      if (inForce.remove(ref)) {
        changes.add(new Change.Remove(ref));
      }
      HeldRelist doubted = held.of(ref.kind());
      if (doubted != null) {
        doubted.listed().remove(ref);
      }
      publish(ref.kind(), changes);
    }
  }

  void alive(Feed feed) {
    synchronized (lock) {
      if (!isStale(feed)) {
        progress(feed);
      }
    }
  }

  void failed(Feed feed, String reason) {
    synchronized (lock) {
      if (isStale(feed)) {
        return;
      }
      feed.failure(reason);
      if (feed == current || current == null) {
        advance(new MemberEvent.Failed(reason), new ArrayList<>());
      }
    }
  }

  Set<Kind> unconfirmed(Feed feed) {
    synchronized (lock) {
      return feed == current ? held.ripe(state.steady()) : Set.of();
    }
  }

  private boolean isStale(Feed feed) {
    return feed != current && feed != gathering;
  }

  private boolean isForeign(ObjectRef ref, Kind kind) {
    boolean foreign = !ref.cluster().equals(cluster) || ref.kind() != kind;
    if (foreign && rejected++ == 0) {
      LOG.error(
          "object rejected cluster={} ref={} (expected an object of this cluster and of kind {})",
          cluster,
          ref,
          kind.kubernetesName());
    }
    return foreign;
  }

  /** The link counts as good by the reader in force, or by the new one while there is no other. */
  private void progress(Feed feed) {
    feed.failure("");
    if (feed == current || current == null) {
      lastProgress = around.clock().instant();
      advance(new MemberEvent.Progress(), new ArrayList<>());
    }
  }

  private void relist(Kind kind, Map<ObjectRef, MeshObject> next) {
    HeldRelist doubted = held.of(kind);
    int before = inForce.count(kind);
    if (held.isDoubted(before, next.size())) {
      if (doubted == null) {
        held.hold(kind, before, next, state.steady());
        return;
      }
      if (!held.isRipe(doubted, state.steady())) {
        held.again(kind, doubted, next);
        return;
      }
      LOG.warn(
          "list confirmed cluster={} kind={} objects={} was={}",
          cluster,
          kind.kubernetesName(),
          next.size(),
          before);
    }
    held.end(kind);
    List<Change> changes = new ArrayList<>();
    Arena.difference(inForce.of(kind), next, changes);
    inForce.replace(kind, next);
    publish(kind, changes);
  }

  /** Offers what a watch said; a list that is no longer in doubt comes in force with it. */
  private void publish(Kind kind, List<Change> changes) {
    HeldRelist doubted = held.of(kind);
    if (doubted != null && !held.isDoubted(inForce.count(kind), doubted.listed().size())) {
      held.end(kind);
      Arena.difference(inForce.of(kind), doubted.listed(), changes);
      inForce.replace(kind, doubted.listed());
    }
    if (!changes.isEmpty()) {
      saver.changed();
      around.sink().offer(Federation.SOURCE, changes);
    }
  }

  /** A reader has listed everything: it takes over, and exactly the difference is published. */
  private void swap(Feed feed) {
    Arena next = feed.arena();
    identity.seen(next.of(Kind.NAMESPACE).values(), state.steady());
    List<Change> changes = new ArrayList<>();
    Snapshot found = candidate;
    if (!published && found != null && held.isDoubted(Arena.of(found.objects()), next)) {
      restore(found, changes);
      changes.clear();
    }
    held.clear();
    if (published) {
      for (Kind kind : Kind.values()) {
        int before = inForce.count(kind);
        if (held.isDoubted(before, next.count(kind))) {
          held.hold(kind, before, new HashMap<>(next.of(kind)), state.steady());
          next.replace(kind, inForce.of(kind));
        }
      }
    }
    changes.addAll(inForce.difference(next));
    LOG.info("cluster read cluster={} objects={} changes={}", cluster, next.size(), changes.size());
    inForce = next;
    current = feed;
    gathering = null;
    candidate = null;
    feed.release();
    lastSync = around.clock().instant();
    lastProgress = lastSync;
    if (!changes.isEmpty()) {
      saver.changed();
    }
    advance(new MemberEvent.Synced(), changes);
    firstPublished();
  }

  private void firstPublished() {
    if (!published) {
      published = true;
      around.published().run();
    }
  }

  private void loaded(@Nullable Snapshot found, String reason) {
    synchronized (lock) {
      if (!reason.isEmpty()) {
        saver.failed(reason);
      }
      if (!published && !state.gone()) {
        candidate = found;
        if (found != null) {
          identity.seen(found.objects(), state.steady());
        }
      }
    }
  }

  private void restore(Snapshot found, List<Change> changes) {
    Duration age = Duration.between(found.taken(), around.clock().instant());
    Arena next = Arena.of(found.objects());
    changes.addAll(inForce.difference(next));
    inForce = next;
    candidate = null;
    LOG.warn(
        "cluster restored cluster={} objects={} taken={} age={}",
        cluster,
        next.size(),
        found.taken(),
        age);
    advance(
        new MemberEvent.Restored(
            "the snapshot of "
                + found.taken().truncatedTo(ChronoUnit.SECONDS)
                + " ("
                + age.truncatedTo(ChronoUnit.SECONDS)
                + " old)"),
        changes);
    firstPublished();
  }

  /** Writes what a reader keeps in force, never what was only restored. */
  private void save() {
    if (current != null) {
      saver.save(state.steady(), inForce::all, this::saved);
    }
  }

  private void saved(String reason) {
    synchronized (lock) {
      saver.saved(reason);
      if (state.gone()) {
        around.lastGood().delete(cluster);
      }
    }
  }

  MemberStatus status() {
    synchronized (lock) {
      Map<Kind, Integer> counts = new EnumMap<>(Kind.class);
      for (Kind kind : Kind.values()) {
        counts.put(kind, inForce.count(kind));
      }
      Feed next = gathering;
      return new MemberStatus(
          cluster,
          chronicle.condition(),
          chronicle.since(),
          state.synced(),
          state.control().silence(),
          lastProgress,
          lastSync,
          state.control().failure(),
          counts,
          held.status(inForce),
          held.total(),
          rejected,
          next == null || !published ? "" : next.describe(),
          saver.note(),
          identity.uid(),
          identity.replaced(state.steady()),
          chronicle.history());
    }
  }
}
