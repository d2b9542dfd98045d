package io.portolan.xds.push;

import io.portolan.registry.image.ImageChange;
import io.portolan.xds.generate.cluster.ClusterGenerator;
import io.portolan.xds.generate.listener.ListenerGenerator;
import io.portolan.xds.node.ProxyNode;
import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.Layer;
import io.portolan.xds.snapshot.Snapshot;
import io.portolan.xds.view.MeshContext;
import io.portolan.xds.view.ProxyScope;
import io.portolan.xds.view.ProxyViews;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns image changes into snapshots. One thread plans and generates; handing a snapshot to a
 * stream never blocks. Rounds are at least {@code gather} apart, so the first change after quiet
 * goes out at once and a storm costs one round per interval.
 */
public final class PushPlanner implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PushPlanner.class);

  private final ScheduledExecutorService thread;
  private final Duration gather;
  private final InstantSource clock;
  private final Map<Long, ConnectedProxy> proxies = new ConcurrentHashMap<>();
  private final Object lock = new Object();
  private @Nullable PendingChange pending;
  private boolean roundPlanned;
  private long lastRoundNanos;
  private final Map<ProxyScope, ScopeLayers> scopes = new HashMap<>();
  private volatile @Nullable MeshContext context;
  private final AtomicLong rounds = new AtomicLong();

  /**
   * @param thread one thread, which the planner owns from now on
   * @param gather least time between two rounds
   */
  public PushPlanner(ScheduledExecutorService thread, Duration gather, InstantSource clock) {
    this.thread = thread;
    this.gather = gather;
    this.clock = clock;
    this.lastRoundNanos = System.nanoTime() - gather.toNanos();
  }

  /** Takes a step of the registry; called on the registry loop, returns at once. */
  public void onChange(ImageChange change) {
    synchronized (lock) {
      if (pending == null) {
        pending = new PendingChange(change);
      } else {
        pending.add(change);
      }
      if (roundPlanned) {
        return;
      }
      roundPlanned = true;
      long wait = Math.max(0, lastRoundNanos + gather.toNanos() - System.nanoTime());
      var _ = thread.schedule(this::round, wait, TimeUnit.NANOSECONDS);
    }
  }

  /** The context of the last pushed image, null before the first. */
  public @Nullable MeshContext context() {
    return context;
  }

  /** The connected proxies. */
  public Collection<ConnectedProxy> proxies() {
    return proxies.values();
  }

  /** Number of rounds so far. */
  public long rounds() {
    return rounds.get();
  }

  /** Adds a proxy and makes its first snapshot as soon as there is an image. */
  void add(ConnectedProxy proxy) {
    proxies.put(proxy.connection().id(), proxy);
    thread.execute(
        () -> {
          if (context != null) {
            push(proxy, true, Set.of());
          }
        });
  }

  void remove(ConnectedProxy proxy) {
    proxies.remove(proxy.connection().id());
    thread.execute(this::forgetUnusedScopes);
  }

  private void forgetUnusedScopes() {
    Set<ProxyScope> used = new java.util.HashSet<>();
    for (ConnectedProxy proxy : proxies.values()) {
      ProxyScope scope = proxy.scope;
      if (scope != null) {
        used.add(scope);
      }
    }
    scopes.keySet().retainAll(used);
  }

  private void round() {
    PendingChange change;
    synchronized (lock) {
      change = pending;
      pending = null;
      roundPlanned = false;
      lastRoundNanos = System.nanoTime();
    }
    if (change == null) {
      return;
    }
    MeshContext old = context;
    MeshContext now =
        old == null || change.policies()
            ? MeshContext.of(change.after())
            : old.withServicesOf(change.after(), change.services());
    context = now;
    boolean everything = old == null || change.everything();
    scopes.replaceAll((scope, layers) -> refresh(now, scope, layers, everything, change));
    Set<String> touched = everything ? Set.of() : change.touchedWorkloads();
    for (ConnectedProxy proxy : proxies.values()) {
      push(proxy, everything, touched);
    }
    rounds.incrementAndGet();
  }

  private static ScopeLayers refresh(
      MeshContext now,
      ProxyScope scope,
      ScopeLayers layers,
      boolean everything,
      PendingChange change) {
    try {
      return everything || scope.role() == ProxyNode.Role.ROUTER
          ? ScopeLayers.full(now, scope, layers)
          : layers.with(now, scope, change.services());
    } catch (RuntimeException e) {
      LOG.error("generation failed, last good stays scope={}", scope, e);
      return layers;
    }
  }

  private void push(ConnectedProxy proxy, boolean everything, Set<String> touched) {
    MeshContext now = context;
    if (now == null) {
      return;
    }
    try {
      ProxyNode node = proxy.node();
      boolean own =
          everything
              || proxy.scope == null
              || node.addresses().stream()
                  .anyMatch(a -> touched.contains(node.cluster() + "|" + a));
      if (own) {
        makeOwn(proxy, now);
      }
      ProxyScope scope = Objects.requireNonNull(proxy.scope);
      ScopeLayers layers =
          scopes.computeIfAbsent(scope, s -> ScopeLayers.full(now, s, ScopeLayers.EMPTY));
      Snapshot next = proxy.compose(layers);
      proxy.failure = null;
      if (!next.equals(proxy.snapshot)) {
        proxy.snapshot = next;
        proxy.pushes.incrementAndGet();
        proxy.connection().sink().accept(next);
      }
    } catch (RuntimeException e) {
      proxy.failure = String.valueOf(e.getMessage());
      LOG.error("generation failed, last good stays proxy={}", proxy.node().id(), e);
    }
  }

  private static void makeOwn(ConnectedProxy proxy, MeshContext now) {
    ProxyViews views = new ProxyViews(now);
    ProxyScope scope = views.scope(proxy.node());
    ProxyViews.Own own = views.own(scope, proxy.node());
    List<EncodedResource> clusters =
        own.clusters().stream().map(ClusterGenerator::generate).toList();
    List<EncodedResource> listeners =
        own.listeners().stream().map(ListenerGenerator::generate).toList();
    proxy.ownClusters = proxy.ownClusters.becoming(clusters);
    proxy.ownListeners = proxy.ownListeners.becoming(listeners);
    tell("proxy", proxy.node().id(), own.notes(), proxy.notes);
    proxy.notes = own.notes();
    proxy.scope = scope;
  }

  /** One line for each note that was not there before. */
  private static void tell(String kind, String name, List<String> notes, List<String> before) {
    for (String note : notes) {
      if (!before.contains(note)) {
        LOG.warn("not as a reader might expect {}={} note=\"{}\"", kind, name, note);
      }
    }
  }

  /**
   * What a proxy would hold if it were connected now, without secrets; null before the first image.
   * Safe for any thread.
   */
  public @Nullable Snapshot preview(ProxyNode node) {
    MeshContext now = context;
    if (now == null) {
      return null;
    }
    ProxyViews views = new ProxyViews(now);
    ProxyScope scope = views.scope(node);
    ProxyViews.Own own = views.own(scope, node);
    return ConnectedProxy.compose(
        ScopeLayers.full(now, scope, ScopeLayers.EMPTY),
        Layer.of(own.clusters().stream().map(ClusterGenerator::generate).toList()),
        Layer.of(own.listeners().stream().map(ListenerGenerator::generate).toList()),
        Layer.EMPTY);
  }

  /** Starts looking for certificates that are due, once per {@code interval}. */
  public void renewEvery(Duration interval) {
    var _ =
        thread.scheduleWithFixedDelay(
            this::renewDue, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void renewDue() {
    Instant now = clock.instant();
    for (ConnectedProxy proxy : proxies.values()) {
      ProxySecrets secrets = proxy.secrets;
      if (secrets != null && !now.isBefore(secrets.renewAt())) {
        try {
          secrets.issue();
          push(proxy, false, Set.of());
        } catch (IOException | RuntimeException e) {
          LOG.error(
              "certificate not renewed, the old one stays proxy={} reason=\"{}\"",
              proxy.node().id(),
              e.getMessage());
        }
      }
    }
  }

  /** What a scope's proxies might expect but do not get. */
  public List<String> notes(ProxyScope scope) {
    ScopeLayers layers = scopes.get(scope);
    return layers == null ? List.of() : layers.notes();
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
