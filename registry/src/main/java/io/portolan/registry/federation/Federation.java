package io.portolan.registry.federation;

import io.portolan.registry.change.ChangeSink;
import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.change.ClusterMembers;
import io.portolan.registry.image.Concern;
import io.portolan.registry.image.ImageChange;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.MeshSettings;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The members of the mesh: what every cluster's reader says goes through here, and comes out as
 * changes for the registry, with what is concluded about each cluster.
 *
 * <p>Nothing of a cluster is published before each of its kinds has been listed; the first
 * publication is one offer. A cluster that cannot be read is restored from its snapshot, or is
 * absent, and never delays the others longer than the start grace.
 */
public final class Federation implements ClusterMembers, AutoCloseable {
  /** Name of this source. */
  public static final String SOURCE = "federation";

  private static final Logger LOG = LoggerFactory.getLogger(Federation.class);
  private static final Duration TICK = Duration.ofSeconds(1);

  private final Map<String, Member> members = new ConcurrentHashMap<>();
  private final Surroundings around;
  private final Supplier<RegistryImage> image;
  private final AtomicReference<@Nullable ScheduledExecutorService> timer = new AtomicReference<>();
  private final Object startLock = new Object();
  private final Set<String> absent = new HashSet<>();
  private Duration lastTick;
  private Duration age = Duration.ZERO;
  private boolean complete;
  private boolean started;

  /**
   * @param image the current image, for the health of gateways
   * @param settings the mesh settings, also before the first image
   * @param clock time for people
   * @param nanos time for timers, {@code System::nanoTime}
   */
  public Federation(
      ChangeSink sink,
      Supplier<RegistryImage> image,
      Supplier<MeshSettings> settings,
      LastGood lastGood,
      FederationEvents events,
      FederationOptions options,
      InstantSource clock,
      LongSupplier nanos) {
    this.image = image;
    this.around =
        new Surroundings(
            sink, settings, lastGood, events, options, clock, nanos, this::checkStarted);
    this.lastTick = around.now();
  }

  /**
   * Announces the clusters that have a snapshot, so that they can be restored even when nobody can
   * say who the members are. Blocks on the disk.
   */
  public void restoreKnown() {
    for (String cluster : around.lastGood().known()) {
      members.computeIfAbsent(cluster, this::open);
    }
  }

  /** Ticks on this executor; the caller shuts it down. */
  public void start(ScheduledExecutorService executor) {
    timer.set(executor);
    var _ =
        executor.scheduleWithFixedDelay(
            this::tickSafely, TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void tickSafely() {
    try {
      tick();
    } catch (RuntimeException e) {
      // An exception would end the timer, and with it all conclusions.
      LOG.error("federation tick failed", e);
    }
  }

  private Member open(String cluster) {
    Member member = new Member(cluster, around);
    member.open();
    return member;
  }

  @Override
  public ClusterFeed join(String cluster, Set<Kind> kinds) {
    // Bounded: a member that is gone stays in the map for less than a tick, and is replaced here.
    AtomicReference<@Nullable ClusterFeed> feed = new AtomicReference<>();
    members.compute(
        cluster,
        (id, known) -> {
          if (known != null) {
            ClusterFeed taken = known.join(kinds);
            if (taken != null) {
              feed.set(taken);
              return known;
            }
            known.tick();
          }
          Member member = open(id);
          feed.set(member.join(kinds));
          return member;
        });
    return java.util.Objects.requireNonNull(feed.get(), "a new member takes a reader");
  }

  @Override
  public void leave(String cluster) {
    members.computeIfPresent(
        cluster,
        (id, member) -> {
          member.leave();
          return member.tick() ? null : member;
        });
    checkStarted();
  }

  @Override
  public void complete() {
    synchronized (startLock) {
      if (complete) {
        return;
      }
      complete = true;
    }
    for (String cluster : members.keySet()) {
      members.computeIfPresent(
          cluster,
          (id, member) -> {
            member.leaveUnlessAnnounced();
            return member.tick() ? null : member;
          });
    }
    checkStarted();
  }

  /** Time passes: timers, snapshots, the end of the start grace. */
  public void tick() {
    dataPaths();
    for (String cluster : members.keySet()) {
      members.computeIfPresent(cluster, (id, member) -> member.tick() ? null : member);
    }
    synchronized (startLock) {
      Duration now = around.now();
      Duration passed = now.minus(lastTick);
      lastTick = now;
      if (passed.isPositive()) {
        age =
            age.plus(
                passed.compareTo(MemberState.LONGEST_STEP) > 0 ? MemberState.LONGEST_STEP : passed);
      }
    }
    checkStarted();
  }

  /** Follows the registry. Called on its loop thread; does not block. */
  public void onImage(ImageChange change) {
    ScheduledExecutorService executor = timer.get();
    if (executor != null && (change.gateways() || change.settings())) {
      try {
        executor.execute(this::dataPathsSafely);
      } catch (RejectedExecutionException e) {
        LOG.debug("federation ended");
      }
    }
  }

  private void dataPathsSafely() {
    try {
      dataPaths();
    } catch (RuntimeException e) {
      LOG.error("federation data paths failed", e);
    }
  }

  private void dataPaths() {
    RegistryImage now = image.get();
    for (Member member : members.values()) {
      member.dataPath(DataPaths.of(now, member.cluster(), around.options().localCluster()));
    }
  }

  /**
   * Says that this source has synced once every member is in force, or cannot be expected any
   * longer.
   */
  private void checkStarted() {
    synchronized (startLock) {
      if (started) {
        return;
      }
      boolean late = age.compareTo(around.settings().get().clusterHealth().startGrace()) >= 0;
      if (!complete && !late) {
        return;
      }
      boolean waiting = false;
      for (String cluster : around.options().required()) {
        Member member = members.get(cluster);
        waiting |= member == null || !member.published();
      }
      for (Member member : members.values()) {
        if (!member.published()) {
          waiting |= !late;
          if (late && absent.add(member.cluster())) {
            LOG.error(
                "cluster absent at start cluster={} required={}: neither read nor restored within"
                    + " {}",
                member.cluster(),
                around.options().required().contains(member.cluster()),
                around.settings().get().clusterHealth().startGrace());
          }
        }
      }
      if (waiting) {
        return;
      }
      started = true;
    }
    around.sink().synced(SOURCE);
  }

  /** The clusters that the start waits for. */
  public List<String> waitingFor() {
    synchronized (startLock) {
      if (started) {
        return List.of();
      }
      List<String> ids = new ArrayList<>(around.options().required());
      ids.removeIf(
          id -> {
            Member member = members.get(id);
            return member != null && member.published();
          });
      for (Member member : members.values()) {
        if (!member.published() && !ids.contains(member.cluster())) {
          ids.add(member.cluster());
        }
      }
      ids.sort(null);
      return ids;
    }
  }

  /** The members, in order of their ids. */
  public List<MemberStatus> status() {
    return members.values().stream()
        .map(Member::status)
        .sorted(Comparator.comparing(MemberStatus::cluster))
        .toList();
  }

  /** What is wrong with who the members are: one replaced by another, two that are one. */
  public List<Concern> concerns() {
    return Identities.concerns(status());
  }

  /** The objects in force of a cluster. */
  List<MeshObject> objects(String cluster) {
    Member member = members.get(cluster);
    return member == null ? List.of() : member.objects();
  }

  /** Ends nothing that was published: what is in force stays with the registry. */
  @Override
  public void close() {
    timer.set(null);
    members.clear();
  }
}
