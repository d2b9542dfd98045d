package io.portolan.server;

import com.google.common.collect.Sets;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.portolan.ca.authn.ApiServerTokenReviewer;
import io.portolan.ca.authn.TokenReviewer;
import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.federation.Federation;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.source.kubernetes.ClusterReader;
import io.portolan.registry.source.kubernetes.ConfigMapReader;
import io.portolan.registry.source.kubernetes.MeshConfigMap;
import io.portolan.registry.source.kubernetes.ReaderSettings;
import io.portolan.registry.source.kubernetes.membership.ClientSettings;
import io.portolan.registry.source.kubernetes.membership.Kubeconfig;
import io.portolan.registry.source.kubernetes.membership.KubeconfigDirectory;
import io.portolan.registry.source.kubernetes.membership.KubeconfigParser;
import io.portolan.registry.source.kubernetes.membership.KubernetesClients;
import io.portolan.registry.source.kubernetes.membership.Membership;
import io.portolan.registry.source.kubernetes.membership.OwnCluster;
import io.portolan.registry.source.kubernetes.membership.RemoteSecrets;
import io.portolan.registry.source.objects.Finding;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** API servers as sources: who is a member, a reader for each, and who checks whose tokens. */
final class KubernetesSources implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(KubernetesSources.class);
  private static final Duration OWN_POLL = Duration.ofSeconds(5);
  private static final Duration CONFIRM = Duration.ofSeconds(5);
  private static final Duration DIRECTORY_POLL = Duration.ofSeconds(2);

  /** What is read from every cluster. Policies come from the own cluster only. */
  private static final Set<Kind> REMOTE =
      EnumSet.of(Kind.NAMESPACE, Kind.NODE, Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.POD);

  private static final Set<Kind> ENTRIES = EnumSet.of(Kind.SERVICE_ENTRY, Kind.WORKLOAD_ENTRY);

  private static final Set<Kind> REMOTE_WITH_ENTRIES = Sets.union(REMOTE, ENTRIES).immutableCopy();

  private static final Set<Kind> OWN = EnumSet.complementOf(EnumSet.of(Kind.SERVICE_ACCOUNT));

  private final KubernetesSettings settings;
  private final MeshSettings mesh;
  private final @Nullable LeaderWork leader;
  private final @Nullable MeshConfigMap meshConfig;
  private final Clock clock;
  private final KubernetesClients clients;
  private final Membership membership;
  private final ScheduledThreadPoolExecutor readerTimer;
  private final Map<String, OpenCluster> clusters = new ConcurrentHashMap<>();
  private final Deque<AutoCloseable> running = new ArrayDeque<>();
  private volatile @Nullable KubeconfigDirectory directory;

  /**
   * The newest client and reader of a member.
   *
   * @param more that reads with the same client
   */
  private record OpenCluster(
      KubernetesClient client,
      ClusterReader reader,
      TokenReviewer reviewer,
      List<AutoCloseable> more,
      AtomicBoolean closed) {
    void close() {
      if (closed.compareAndSet(false, true)) {
        for (AutoCloseable part : more) {
          try {
            part.close();
          } catch (Exception e) {
            LOG.warn("not closed cleanly reason=\"{}\"", e.getMessage());
          }
        }
        reader.close();
        client.close();
      }
    }
  }

  /**
   * @param leader hears of every client, null where there is no own cluster
   * @param meshConfig is read from the own cluster, null for none
   */
  KubernetesSources(
      KubernetesSettings settings,
      MeshSettings mesh,
      Federation federation,
      @Nullable LeaderWork leader,
      @Nullable MeshConfigMap meshConfig,
      Clock clock) {
    this.settings = settings;
    this.mesh = mesh;
    this.leader = leader;
    this.meshConfig = meshConfig;
    this.clock = clock;
    this.clients = new KubernetesClients(ClientSettings.of(Version.current()), clock);
    this.readerTimer =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("reader-timer").factory());
    readerTimer.setRemoveOnCancelPolicy(true);
    this.membership =
        new Membership(settings.cluster(), federation, this::open, this::kinds, one("membership"));
    Set<String> awaited = new java.util.HashSet<>();
    if (!settings.cluster().isEmpty()) {
      awaited.add(OwnCluster.SOURCE);
      awaited.add(RemoteSecrets.source(mesh.rootNamespace()));
    }
    if (settings.directory() != null) {
      awaited.add(KubeconfigDirectory.source(settings.directory()));
    }
    membership.whenRead(awaited, federation::complete);
  }

  private static ScheduledExecutorService one(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().daemon().name(name).factory());
  }

  /**
   * Starts to look for members; returns at once.
   *
   * @throws IOException when the own cluster's kubeconfig cannot be used, with the reason
   */
  void start() throws IOException {
    running.push(readerTimer::shutdownNow);
    running.push(membership);
    var _ =
        readerTimer.scheduleWithFixedDelay(
            this::confirm, CONFIRM.toMillis(), CONFIRM.toMillis(), TimeUnit.MILLISECONDS);
    if (!settings.cluster().isEmpty()) {
      if (OwnKubeconfig.read(settings) instanceof KubeconfigParser.Refused refused) {
        throw new IOException(
            "the own cluster's API server cannot be read: " + String.join("; ", refused.reasons()));
      }
      OwnCluster cluster =
          new OwnCluster(
              settings.cluster(),
              () -> OwnKubeconfig.read(settings),
              membership,
              one("own-cluster"));
      running.push(cluster);
      cluster.start(OWN_POLL);
    }
    if (settings.directory() != null) {
      KubeconfigDirectory files =
          new KubeconfigDirectory(settings.directory(), false, membership, one("kubeconfigs"));
      directory = files;
      running.push(files);
      files.start(DIRECTORY_POLL);
    }
  }

  private void confirm() {
    for (OpenCluster open : clusters.values()) {
      try {
        open.reader().confirm();
      } catch (RuntimeException e) {
        LOG.error("held lists not asked for again cluster={}", open.reader().cluster(), e);
      }
    }
  }

  private Set<Kind> kinds(String cluster) {
    if (cluster.equals(settings.cluster())) {
      return OWN;
    }
    return settings.entries() ? REMOTE_WITH_ENTRIES : REMOTE;
  }

  private AutoCloseable open(String cluster, Kubeconfig kubeconfig, ClusterFeed feed)
      throws IOException {
    KubernetesClient client = clients.open(kubeconfig);
    ClusterReader reader =
        new ClusterReader(
            cluster,
            client,
            kinds(cluster),
            ReaderSettings.of(mesh.rootNamespace(), mesh.domain()),
            feed,
            readerTimer,
            clock,
            RandomGenerator.getDefault());
    List<AutoCloseable> more = new ArrayList<>();
    OpenCluster opened =
        new OpenCluster(
            client, reader, new ApiServerTokenReviewer(client), more, new AtomicBoolean());
    LeaderWork work = leader;
    if (work != null) {
      more.add(work.opened(cluster, client));
    }
    if (cluster.equals(settings.cluster())) {
      more.addAll(ofOwn(cluster, client));
    }
    clusters.put(cluster, opened);
    reader.start();
    LOG.info(
        "cluster opened cluster={} server={} credential={}",
        cluster,
        kubeconfig.server(),
        kubeconfig.auth().kind());
    return () -> {
      clusters.remove(cluster, opened);
      opened.close();
    };
  }

  /** What is read from the own cluster only, started. */
  private List<AutoCloseable> ofOwn(String cluster, KubernetesClient client) {
    RemoteSecrets secrets = new RemoteSecrets(client, mesh.rootNamespace(), membership);
    secrets.start();
    MeshConfigMap map = meshConfig;
    if (map == null) {
      return List.of(secrets);
    }
    ConfigMapReader settingsReader =
        new ConfigMapReader(
            cluster,
            client,
            map.which(),
            ReaderSettings.of(mesh.rootNamespace(), mesh.domain()),
            map,
            readerTimer,
            clock,
            RandomGenerator.getDefault());
    settingsReader.start();
    return List.of(secrets, settingsReader);
  }

  /** Who checks the tokens of a cluster, null for a cluster that is no member. */
  @Nullable TokenReviewer reviewer(String cluster) {
    OpenCluster open = clusters.get(cluster);
    return open == null ? null : open.reviewer();
  }

  /** What is wrong with members, their kubeconfigs and their objects. */
  List<Finding> findings() {
    List<Finding> all = new ArrayList<>(membership.findings());
    KubeconfigDirectory files = directory;
    if (files != null) {
      all.addAll(files.findings());
    }
    clusters.values().forEach(open -> all.addAll(open.reader().findings()));
    if (meshConfig != null) {
      all.addAll(meshConfig.findings());
    }
    if (leader != null) {
      all.addAll(leader.findings());
    }
    return all;
  }

  @Override
  public void close() {
    while (!running.isEmpty()) {
      try {
        running.pop().close();
      } catch (Exception e) {
        LOG.warn("not closed cleanly reason=\"{}\"", e.getMessage());
      }
    }
    clusters.values().forEach(OpenCluster::close);
  }
}
