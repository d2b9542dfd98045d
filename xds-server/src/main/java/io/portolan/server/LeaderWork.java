package io.portolan.server;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.portolan.registry.image.ClusterImage;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.source.kubernetes.ConfigMapReader;
import io.portolan.registry.source.kubernetes.ReaderSettings;
import io.portolan.registry.source.kubernetes.leader.Election;
import io.portolan.registry.source.kubernetes.leader.KubernetesLease;
import io.portolan.registry.source.kubernetes.leader.Leadership;
import io.portolan.registry.source.kubernetes.leader.LeaseTimes;
import io.portolan.registry.source.kubernetes.roots.RootEvents;
import io.portolan.registry.source.kubernetes.roots.RootPublisher;
import io.portolan.registry.source.kubernetes.roots.RootStatus;
import io.portolan.registry.source.objects.Finding;
import io.portolan.registry.source.objects.Findings;
import io.portolan.xds.admin.LeaderPage;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one replica of several does: it publishes the roots. All take part in the election on a
 * Lease of the own cluster.
 */
final class LeaderWork implements AutoCloseable {
  /** Name of the Lease in the root namespace. */
  static final String LEASE = "portolan-leader";

  private static final Logger LOG = LoggerFactory.getLogger(LeaderWork.class);
  private static final Duration ROUND = Duration.ofSeconds(1);
  private static final Duration STOP = Duration.ofSeconds(2);

  private final KubernetesSettings settings;
  private final MeshSettings mesh;
  private final Supplier<RegistryImage> image;
  private final Supplier<String> pem;
  private final Clock clock;
  private final RootEvents events;
  private final Leadership leadership;
  private final ScheduledThreadPoolExecutor timer;

  /** By cluster, the one in use first: a replacement waits until its predecessor is closed. */
  private final Map<String, List<Opened>> opened = new ConcurrentHashMap<>();

  private record Opened(KubernetesClient client, @Nullable RootPublisher publisher) {
    void close() {
      if (publisher != null) {
        publisher.close();
      }
    }
  }

  /**
   * @param image names the namespaces of each cluster
   * @param pem the roots
   * @param electing looks at the Lease; closed with this object
   */
  LeaderWork(
      KubernetesSettings settings,
      MeshSettings mesh,
      Supplier<RegistryImage> image,
      Supplier<String> pem,
      RootEvents events,
      ScheduledExecutorService electing,
      Clock clock) {
    this.settings = settings;
    this.mesh = mesh;
    this.image = image;
    this.pem = pem;
    this.clock = clock;
    this.events = events;
    this.timer =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("root-timer").factory());
    timer.setRemoveOnCancelPolicy(true);
    this.leadership =
        new Leadership(
            settings.replica() + "-" + UUID.randomUUID().toString().substring(0, 8),
            LeaseTimes.DEFAULT,
            new KubernetesLease(this::own, mesh.rootNamespace(), LEASE),
            () -> new Election.Reading(System.nanoTime(), clock.instant()),
            electing);
  }

  private KubernetesClient own() throws IOException {
    List<Opened> own = opened.getOrDefault(settings.cluster(), List.of());
    if (own.isEmpty()) {
      throw new IOException("the own cluster's API server is not connected");
    }
    return own.getFirst().client();
  }

  void start() {
    leadership.start();
    var _ =
        timer.scheduleWithFixedDelay(
            this::rounds, ROUND.toMillis(), ROUND.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Each cluster on a thread of its own: one that hangs delays no other. */
  private void rounds() {
    opened.forEach(
        (cluster, all) -> {
          RootPublisher publisher = all.getFirst().publisher();
          if (publisher != null) {
            Thread.ofVirtual().name("roots-" + cluster).start(() -> round(cluster, publisher));
          }
        });
  }

  /** The publishers in use. */
  private List<RootPublisher> publishers() {
    List<RootPublisher> publishers = new ArrayList<>();
    for (List<Opened> all : opened.values()) {
      RootPublisher publisher = all.getFirst().publisher();
      if (publisher != null) {
        publishers.add(publisher);
      }
    }
    return publishers;
  }

  private static void round(String cluster, RootPublisher publisher) {
    try {
      publisher.round();
    } catch (RuntimeException e) {
      LOG.error("round of publishing roots failed cluster={}", cluster, e);
    }
  }

  /**
   * A cluster is read with this client from now on.
   *
   * @return to be closed before the client is
   */
  AutoCloseable opened(String cluster, KubernetesClient client) {
    RootPublisher publisher =
        settings.rootConfigMap().isEmpty()
            ? null
            : new RootPublisher(
                new RootPublisher.Target(
                    cluster,
                    settings.cluster(),
                    settings.rootConfigMap(),
                    () -> namespaces(cluster),
                    pem),
                client,
                leadership,
                (which, sink) -> reader(cluster, client, which, sink),
                clock,
                events);
    Opened now = new Opened(client, publisher);
    opened.compute(cluster, (id, all) -> with(all == null ? List.of() : all, now));
    return () -> {
      opened.computeIfPresent(cluster, (id, all) -> without(all, now));
      now.close();
    };
  }

  private static List<Opened> with(List<Opened> all, Opened one) {
    List<Opened> more = new ArrayList<>(all);
    more.add(one);
    return List.copyOf(more);
  }

  private static @Nullable List<Opened> without(List<Opened> all, Opened one) {
    List<Opened> rest = all.stream().filter(o -> !o.equals(one)).toList();
    return rest.isEmpty() ? null : rest;
  }

  private AutoCloseable reader(
      String cluster,
      KubernetesClient client,
      ConfigMapReader.Which which,
      ConfigMapReader.Sink sink) {
    ConfigMapReader reader =
        new ConfigMapReader(
            cluster,
            client,
            which,
            ReaderSettings.of(mesh.rootNamespace(), mesh.domain()),
            sink,
            timer,
            clock,
            RandomGenerator.getDefault());
    reader.start();
    return reader;
  }

  private Collection<String> namespaces(String cluster) {
    ClusterImage objects = image.get().clusters().get(cluster);
    if (objects == null) {
      return Set.of();
    }
    Collection<String> names = new TreeSet<>();
    objects.all(Kind.NAMESPACE).forEach(namespace -> names.add(namespace.ref().name()));
    return names;
  }

  /**
   * Writes nothing any more, and lets go of the Lease. A write that does not end keeps the Lease
   * until it expires. Blocks for a few seconds at the longest.
   */
  void resign() {
    timer.shutdownNow();
    boolean stopped = true;
    long end = System.nanoTime() + STOP.toNanos();
    for (RootPublisher publisher : publishers()) {
      stopped &= publisher.stop(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
    }
    if (!stopped) {
      LOG.warn("a write of roots has not ended, the Lease is left to expire");
      return;
    }
    try {
      var _ = leadership.resign().get(STOP.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("the Lease was not given up in time, it will expire");
    }
  }

  /** For the admin page, the metrics and people. */
  LeaderPage.View view() {
    List<RootStatus> roots = new ArrayList<>();
    publishers().forEach(publisher -> roots.add(publisher.status()));
    roots.sort(Comparator.comparing(RootStatus::cluster));
    return new LeaderPage.View(mesh.rootNamespace() + "/" + LEASE, leadership.status(), roots);
  }

  List<Finding> findings() {
    List<Finding> all = new ArrayList<>();
    String failure = leadership.status().failure();
    if (!failure.isEmpty()) {
      Findings findings = new Findings("Lease " + mesh.rootNamespace() + "/" + LEASE);
      findings.warning(
          0, "", "cannot be used, this replica takes no part in the election: " + failure);
      all.addAll(findings.list());
    }
    publishers().forEach(publisher -> all.addAll(publisher.findings()));
    return all;
  }

  @Override
  public void close() {
    resign();
  }
}
