package io.portolan.server;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.portolan.ca.authn.ApiServerTokenReviewer;
import io.portolan.ca.authn.TokenReviewer;
import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.federation.Federation;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.source.kubernetes.ClusterReader;
import io.portolan.registry.source.kubernetes.ReaderSettings;
import io.portolan.registry.source.kubernetes.membership.ClientSettings;
import io.portolan.registry.source.kubernetes.membership.InCluster;
import io.portolan.registry.source.kubernetes.membership.Kubeconfig;
import io.portolan.registry.source.kubernetes.membership.KubeconfigDirectory;
import io.portolan.registry.source.kubernetes.membership.KubeconfigParser;
import io.portolan.registry.source.kubernetes.membership.KubeconfigRules;
import io.portolan.registry.source.kubernetes.membership.KubernetesClients;
import io.portolan.registry.source.kubernetes.membership.Membership;
import io.portolan.registry.source.kubernetes.membership.OwnCluster;
import io.portolan.registry.source.kubernetes.membership.RemoteSecrets;
import io.portolan.registry.source.objects.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

  private static final Set<Kind> OWN = EnumSet.complementOf(EnumSet.of(Kind.SERVICE_ACCOUNT));

  private final KubernetesSettings settings;
  private final MeshSettings mesh;
  private final Clock clock;
  private final KubernetesClients clients;
  private final Membership membership;
  private final ScheduledThreadPoolExecutor readerTimer;
  private final Map<String, OpenCluster> clusters = new ConcurrentHashMap<>();
  private final Deque<AutoCloseable> running = new ArrayDeque<>();
  private volatile @Nullable KubeconfigDirectory directory;

  /** The newest client and reader of a member. */
  private record OpenCluster(
      KubernetesClient client,
      ClusterReader reader,
      TokenReviewer reviewer,
      @Nullable RemoteSecrets secrets,
      AtomicBoolean closed) {
    void close() {
      if (closed.compareAndSet(false, true)) {
        if (secrets != null) {
          secrets.close();
        }
        reader.close();
        client.close();
      }
    }
  }

  KubernetesSources(
      KubernetesSettings settings, MeshSettings mesh, Federation federation, Clock clock) {
    this.settings = settings;
    this.mesh = mesh;
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
      if (own() instanceof KubeconfigParser.Refused refused) {
        throw new IOException(
            "the own cluster's API server cannot be read: " + String.join("; ", refused.reasons()));
      }
      OwnCluster cluster =
          new OwnCluster(settings.cluster(), this::own, membership, one("own-cluster"));
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

  private KubeconfigParser.Parsed own() {
    Path file = settings.kubeconfig();
    if (file == null) {
      Map<String, String> environment = System.getenv();
      return InCluster.read(
          InCluster.FOLDER,
          environment.getOrDefault("KUBERNETES_SERVICE_HOST", ""),
          environment.getOrDefault("KUBERNETES_SERVICE_PORT", ""));
    }
    try {
      return KubeconfigParser.parse(Files.readString(file), KubeconfigRules.file(file));
    } catch (IOException e) {
      return new KubeconfigParser.Refused(List.of(file + ": cannot be read: " + e.getMessage()));
    }
  }

  private Set<Kind> kinds(String cluster) {
    return cluster.equals(settings.cluster()) ? OWN : REMOTE;
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
    RemoteSecrets secrets =
        cluster.equals(settings.cluster())
            ? new RemoteSecrets(client, mesh.rootNamespace(), membership)
            : null;
    OpenCluster opened =
        new OpenCluster(
            client, reader, new ApiServerTokenReviewer(client), secrets, new AtomicBoolean());
    clusters.put(cluster, opened);
    reader.start();
    if (secrets != null) {
      secrets.start();
    }
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
