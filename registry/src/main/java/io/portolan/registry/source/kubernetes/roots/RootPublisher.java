package io.portolan.registry.source.kubernetes.roots;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.portolan.registry.source.kubernetes.ConfigMapObject;
import io.portolan.registry.source.kubernetes.ConfigMapReader;
import io.portolan.registry.source.kubernetes.leader.Leadership;
import io.portolan.registry.source.objects.Finding;
import io.portolan.registry.source.objects.Findings;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the roots in every namespace of one cluster, while this replica leads. {@link #round} does
 * what is due and blocks on the API server; one round runs at a time.
 */
public final class RootPublisher implements AutoCloseable {
  /** Writes of one round at most. */
  public static final int MOST = 20;

  /** How often it is asked again whether the credential may write. */
  static final Duration ASK_AGAIN = Duration.ofMinutes(10);

  /** After so many repairs in a row somebody else is at work. */
  static final int QUARREL = 3;

  private static final Logger LOG = LoggerFactory.getLogger(RootPublisher.class);

  private final Target target;
  private final Leadership leadership;
  private final RootAccess access;
  private final ReaderFactory readers;
  private final InstantSource clock;
  private final RootEvents events;

  /** Held by a round, so that nothing is written any more once it could be taken. */
  private final ReentrantLock round = new ReentrantLock();

  /** All below under this one, which is never held over a request. */
  private final Object lock = new Object();

  private final Map<String, RootPlan.Pace> paces = new HashMap<>();
  private final Map<String, String> wrote = new HashMap<>();
  private Map<String, RootCopy> copies = new HashMap<>();
  private boolean listed;
  private @Nullable AutoCloseable reader;
  private Instant askAgain = Instant.MIN;
  private String lacking = "";
  private String unread = "";
  private String lastFailure = "";
  private RootStatus.@Nullable LastWrite lastWrite;
  private long writes;
  private @Nullable RootPlan plan;
  private boolean closed;

  /**
   * What is published, and where.
   *
   * @param cluster that is written to
   * @param own cluster of this control plane
   * @param configMap name of the ConfigMap
   * @param namespaces of the cluster, as they are known now
   * @param pem the roots now; empty while there are none
   */
  public record Target(
      String cluster,
      String own,
      String configMap,
      Supplier<? extends Collection<String>> namespaces,
      Supplier<String> pem) {}

  /** Starts reading the ConfigMaps of the target's name in all namespaces. */
  @FunctionalInterface
  public interface ReaderFactory {
    /** A started reader that reports here until it is closed. */
    AutoCloseable open(ConfigMapReader.Which which, ConfigMapReader.Sink sink);
  }

  /**
   * @param client of the target; stays open
   */
  public RootPublisher(
      Target target,
      KubernetesClient client,
      Leadership leadership,
      ReaderFactory readers,
      InstantSource clock,
      RootEvents events) {
    this.target = target;
    this.leadership = leadership;
    this.access = new RootAccess(client, target.configMap());
    this.readers = readers;
    this.clock = clock;
    this.events = events;
  }

  /** Does what is due. Returns at once when another round runs, or this replica does not lead. */
  public void round() {
    if (!round.tryLock()) {
      return;
    }
    try {
      if (!leadership.leads()) {
        stopReading();
      } else if (ready()) {
        publish();
      }
    } catch (IOException e) {
      failed(String.valueOf(e.getMessage()));
    } finally {
      round.unlock();
    }
  }

  /** Whether the credential suffices and it is known what is there. */
  private boolean ready() throws IOException {
    synchronized (lock) {
      if (closed) {
        return false;
      }
      if (reader != null) {
        return listed;
      }
      if (clock.instant().isBefore(askAgain)) {
        return false;
      }
    }
    String lacks = access.lacking();
    boolean allowed = lacks.isEmpty();
    synchronized (lock) {
      if (!lacks.equals(lacking)) {
        LOG.info(
            "roots {} cluster={} lacking=\"{}\"",
            allowed ? "are published" : "cannot be published",
            target.cluster(),
            lacks);
      }
      lacking = lacks;
      listed = false;
      if (!allowed) {
        askAgain = clock.instant().plus(ASK_AGAIN);
      }
    }
    if (allowed) {
      AutoCloseable opened =
          readers.open(new ConfigMapReader.Which("", target.configMap()), new Copies());
      boolean late;
      synchronized (lock) {
        reader = opened;
        late = closed;
      }
      if (late) {
        stopReading();
      }
    }
    return false;
  }

  private void publish() throws IOException {
    String pem = target.pem().get();
    Collection<String> namespaces = target.namespaces().get();
    if (pem.isEmpty()) {
      return;
    }
    int epoch = leadership.status().transitions();
    RootPlan.Wanted wanted = new RootPlan.Wanted(target.cluster(), target.own(), epoch, pem);
    RootPlan next;
    synchronized (lock) {
      paces.keySet().retainAll(namespaces);
      wrote.keySet().retainAll(namespaces);
      next = RootPlan.of(wanted, namespaces, copies, paces, clock.instant(), MOST);
      plan = next;
    }
    if (next.newest() >= 0) {
      LOG.warn(
          "roots were written by a later leader than the Lease knows, its number is raised"
              + " cluster={} met={} own={}",
          target.cluster(),
          next.newest(),
          epoch);
      leadership.outgrow(next.newest());
    }
    if (!next.writes().isEmpty()) {
      var _ =
          leadership.runIfLeader(
              fencing -> {
                if (fencing.transitions() == epoch) {
                  write(next.writes(), wanted);
                }
              });
    }
  }

  private void write(List<RootPlan.Write> due, RootPlan.Wanted wanted) throws IOException {
    for (RootPlan.Write write : due) {
      synchronized (lock) {
        if (closed) {
          return;
        }
      }
      // The last look before each: a process that was frozen in between finds out by its clocks.
      if (!leadership.leads()) {
        return;
      }
      try {
        access.write(write, wanted);
        written(write, wanted);
      } catch (RootAccess.RefusedException e) {
        if (refused(write, e)) {
          return;
        }
      }
    }
  }

  private void written(RootPlan.Write write, RootPlan.Wanted wanted) {
    Instant now = clock.instant();
    events.written(target.cluster());
    boolean again;
    synchronized (lock) {
      writes++;
      lastWrite = new RootStatus.LastWrite(write.namespace(), now, wanted.epoch());
      again = wanted.pem().equals(wrote.put(write.namespace(), wanted.pem()));
      RootPlan.Pace pace = paces.getOrDefault(write.namespace(), RootPlan.Pace.NONE);
      paces.put(write.namespace(), pace.written(again, now));
      // Until the watch shows it, so that it is not written twice.
      copies.put(write.namespace(), new RootCopy("", wanted.pem(), wanted.own(), wanted.epoch()));
    }
    LOG.info(
        "roots written cluster={} namespace={} config_map={} epoch={} {}",
        target.cluster(),
        write.namespace(),
        target.configMap(),
        wanted.epoch(),
        again ? "repaired" : write instanceof RootPlan.Write.Create ? "created" : "replaced");
  }

  /** After a refusal; true when it makes no sense to go on with others. */
  private boolean refused(RootPlan.Write write, RootAccess.RefusedException e) {
    Instant now = clock.instant();
    String reason = String.valueOf(e.getMessage());
    RootPlan.Pace pace;
    synchronized (lock) {
      pace = paces.getOrDefault(write.namespace(), RootPlan.Pace.NONE);
    }
    return switch (e.meaning()) {
      case OUTDATED -> {
        synchronized (lock) {
          paces.put(write.namespace(), pace.failed("", now));
        }
        LOG.debug("roots not written, it is about to change reason=\"{}\"", reason);
        yield false;
      }
      case REFUSED -> {
        synchronized (lock) {
          paces.put(write.namespace(), pace.failed(reason, now));
        }
        failed(reason);
        yield false;
      }
      case FORBIDDEN -> {
        failed(reason);
        synchronized (lock) {
          lacking = reason;
          askAgain = now.plus(ASK_AGAIN);
        }
        stopReading();
        yield true;
      }
    };
  }

  private void failed(String reason) {
    events.failed(target.cluster());
    synchronized (lock) {
      if (!reason.equals(lastFailure)) {
        LOG.warn("roots not written cluster={} reason=\"{}\"", target.cluster(), reason);
      }
      lastFailure = reason;
    }
  }

  private void stopReading() {
    AutoCloseable open;
    synchronized (lock) {
      open = reader;
      reader = null;
      listed = false;
      copies = new HashMap<>();
      plan = null;
    }
    if (open != null) {
      try {
        open.close();
      } catch (Exception e) {
        LOG.warn("reader of roots not closed cleanly reason=\"{}\"", e.getMessage());
      }
    }
  }

  /** What the reader sees. */
  private final class Copies implements ConfigMapReader.Sink {
    @Override
    public void listed(Map<String, ConfigMapObject> all) {
      Map<String, RootCopy> now = new HashMap<>();
      all.forEach((namespace, map) -> now.put(namespace, RootCopy.of(map)));
      synchronized (lock) {
        copies = now;
        listed = true;
        unread = "";
      }
    }

    @Override
    public void put(ConfigMapObject map) {
      synchronized (lock) {
        copies.put(map.namespace(), RootCopy.of(map));
        unread = "";
      }
    }

    @Override
    public void removed(String namespace) {
      synchronized (lock) {
        copies.remove(namespace);
      }
    }

    @Override
    public void failed(String reason, boolean forbidden) {
      synchronized (lock) {
        unread = reason;
      }
    }
  }

  /** For people. Any thread. */
  public RootStatus status() {
    synchronized (lock) {
      RootPlan now = plan;
      Map<String, String> failing = new TreeMap<>();
      Map<String, Integer> repaired = new TreeMap<>();
      paces.forEach(
          (namespace, pace) -> {
            if (!pace.reason().isEmpty()) {
              failing.put(namespace, pace.reason());
            }
            if (pace.repairs() >= QUARREL) {
              repaired.put(namespace, pace.repairs());
            }
          });
      RootStatus.State state =
          !leadership.leads()
              ? RootStatus.State.FOLLOWING
              : !lacking.isEmpty()
                  ? RootStatus.State.NOT_ALLOWED
                  : now == null ? RootStatus.State.STARTING : RootStatus.State.PUBLISHING;
      return new RootStatus(
          target.cluster(),
          target.configMap(),
          state,
          !lacking.isEmpty() ? "may not " + lacking : unread,
          now == null ? 0 : now.current(),
          now == null ? 0 : now.due(),
          now == null ? Map.of() : now.left(),
          failing,
          repaired,
          writes,
          lastWrite,
          lastFailure);
    }
  }

  /** What is wrong, and what to do about it. Only the leader says it. */
  public List<Finding> findings() {
    RootStatus now = status();
    Findings findings =
        new Findings("cluster " + target.cluster() + " ConfigMap " + target.configMap());
    switch (now.state()) {
      case FOLLOWING -> {
        return List.of();
      }
      case NOT_ALLOWED -> {
        String text =
            "the roots are not published here: "
                + now.reason()
                + " (remedy: a cluster role with create on configmaps, and list, watch and patch on"
                + " configmaps named "
                + target.configMap()
                + "; or --root-config-map off)";
        // A member that is read only is nothing unusual.
        if (target.cluster().equals(target.own())) {
          findings.warning(0, "", text);
        } else {
          findings.info(0, "", text);
        }
      }
      case STARTING, PUBLISHING -> {
        if (!now.reason().isEmpty()) {
          findings.warning(0, "", "cannot be read: " + now.reason());
        }
      }
    }
    new TreeMap<>(now.left())
        .forEach(
            (namespace, reason) ->
                findings.warning(
                    0,
                    namespace,
                    reason
                        + " (remedy: one root for both; or delete it, and the next one to write"
                        + " keeps it)"));
    new TreeMap<>(now.failing())
        .forEach((namespace, reason) -> findings.warning(0, namespace, "not written: " + reason));
    new TreeMap<>(now.repaired())
        .forEach(
            (namespace, times) ->
                findings.warning(
                    0,
                    namespace,
                    "was repaired "
                        + times
                        + " times in a row, somebody else writes it too (remedy: find out who by"
                        + " its managedFields, and name another one with --root-config-map)"));
    return new ArrayList<>(findings.list());
  }

  /**
   * Writes nothing any more. Waits for a write that is under way.
   *
   * @param longest to wait
   * @return whether none is under way
   */
  public boolean stop(Duration longest) {
    synchronized (lock) {
      closed = true;
    }
    stopReading();
    try {
      if (round.tryLock(longest.toMillis(), TimeUnit.MILLISECONDS)) {
        round.unlock();
        return true;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }

  @Override
  public void close() {
    var _ = stop(Duration.ZERO);
  }
}
