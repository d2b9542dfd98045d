package io.portolan.server;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.portolan.ca.authn.Authenticator;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.ca.authn.KubernetesTokens;
import io.portolan.ca.authn.TokenReviewers;
import io.portolan.ca.store.CaDirectory;
import io.portolan.registry.federation.Federation;
import io.portolan.registry.federation.FederationOptions;
import io.portolan.registry.federation.GatewayProber;
import io.portolan.registry.federation.HostWatcher;
import io.portolan.registry.federation.LastGood;
import io.portolan.registry.federation.TlsHelloProbe;
import io.portolan.registry.image.Concern;
import io.portolan.registry.image.ImageChange;
import io.portolan.registry.loader.RegistryLoader;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.source.files.FileSource;
import io.portolan.registry.source.files.MeshDirectory;
import io.portolan.registry.source.kubernetes.MeshConfigMap;
import io.portolan.registry.source.objects.CaCertsSecret;
import io.portolan.registry.source.objects.Finding;
import io.portolan.registry.source.objects.SettingsLayer;
import io.portolan.xds.admin.AdminPages;
import io.portolan.xds.admin.AdminServer;
import io.portolan.xds.admin.LeaderPage;
import io.portolan.xds.push.Gatekeeper;
import io.portolan.xds.push.PushMetrics;
import io.portolan.xds.push.PushPlanner;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running control plane. */
public final class PortolanServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PortolanServer.class);
  private static final Duration SCAN_PAUSE = Duration.ofMillis(500);
  private static final Duration FILE_GRACE = Duration.ofSeconds(2);
  private static final Duration PUSH_GATHER = Duration.ofMillis(100);
  private static final Duration NAME_ROUND = Duration.ofSeconds(1);
  private static final Duration CONCERN_ROUND = Duration.ofSeconds(10);
  private static final Duration RENEWAL_CHECK = Duration.ofSeconds(15);

  private final Deque<AutoCloseable> running = new ArrayDeque<>();
  private final ServerSettings settings;
  private final Clock clock;
  private final PushPlanner planner;
  private final RegistryLoader loader;
  private final FederationMetrics federationMetrics;
  private final PrometheusMeterRegistry metrics;
  private final ExecutorService snapshots =
      Executors.newSingleThreadExecutor(Thread.ofVirtual().name("snapshots").factory());
  private final Federation federation;
  private final Start start;
  private final LeaderMetrics leaderMetrics;
  private final @Nullable LeaderWork leader;
  private final @Nullable KubernetesSources kubernetes;
  private volatile boolean closing;
  private volatile @Nullable XdsEndpoint endpoint;
  private InetSocketAddress admin = new InetSocketAddress(0);

  private PortolanServer(ServerSettings settings, Start start, CaDirectory ca, Clock clock)
      throws IOException {
    MeshSettings initial = start.initial();
    this.settings = settings;
    this.start = start;
    this.clock = clock;
    this.planner = new PushPlanner(one("push-planner"), PUSH_GATHER, clock);
    this.loader = new RegistryLoader(Set.of(FileSource.NAME, Federation.SOURCE), this::onImage);
    this.metrics = ServerMetrics.of(loader);
    this.federationMetrics = new FederationMetrics(metrics);
    this.leaderMetrics = new LeaderMetrics(metrics);
    KubernetesSettings kube = settings.kubernetes();
    this.federation =
        new Federation(
            loader,
            loader::current,
            () -> loader.ready() ? loader.current().settings() : initial,
            new LastGood(
                settings.dataDirectory().resolve("clusters"),
                LastGood.DEFAULT_MAX_BYTES,
                snapshots),
            federationMetrics,
            kube == null
                ? FederationOptions.DEFAULT
                : new FederationOptions(
                    kube.cluster(), Set.of(), FederationOptions.DEFAULT.snapshotInterval()),
            clock,
            System::nanoTime);
    this.leader =
        kube == null || kube.cluster().isEmpty()
            ? null
            : new LeaderWork(
                kube,
                initial,
                loader::current,
                () -> new String(ca.trustBundle().pem(), StandardCharsets.US_ASCII),
                leaderMetrics,
                one("leader"),
                clock);
    this.kubernetes =
        kube == null
            ? null
            : new KubernetesSources(kube, initial, federation, leader, start.meshConfig(), clock);
  }

  /**
   * What is known before anything is signed or read.
   *
   * @param initial settings of the mesh
   * @param meshConfig where a part of them comes from, null for the file alone
   * @param saving writes copies of {@code meshConfig}
   */
  private record Start(
      MeshSettings initial, @Nullable MeshConfigMap meshConfig, ExecutorService saving) {
    List<SettingsLayer> layers() {
      return meshConfig == null ? List.of() : meshConfig.layers();
    }
  }

  private static ScheduledExecutorService one(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().daemon().name(name).factory());
  }

  private void onImage(ImageChange change) {
    planner.onChange(change);
    federation.onImage(change);
  }

  /**
   * Starts everything and returns once the ports are bound.
   *
   * @throws IOException when a port cannot be bound or a directory cannot be used; the message
   *     names it
   */
  public static PortolanServer start(ServerSettings settings) throws IOException {
    return start(settings, Clock.systemUTC());
  }

  /**
   * Starts everything by a clock of the caller's: it tells moments, such as the ends of
   * certificates and tokens. Timers run by {@link System#nanoTime}.
   *
   * @throws IOException when a port cannot be bound or a directory cannot be used; the message
   *     names it
   */
  public static PortolanServer start(ServerSettings settings, Clock clock) throws IOException {
    // The trust domain names the root and cacerts the issuers: read before anything is signed.
    ExecutorService saving =
        Executors.newSingleThreadExecutor(Thread.ofVirtual().name("mesh-settings").factory());
    MeshDirectory alone = directory(settings, clock, List::of, null);
    MeshDirectory.Scan file = alone.scan();
    MeshConfigMap map =
        MeshSettingsStart.read(
            settings, file.settings(), alone.names("trustDomain"), saving, clock);
    MeshDirectory.Scan first =
        map == null ? file : directory(settings, clock, map::layers, null).scan();
    Start start = new Start(first.settings(), map, saving);
    MeshSettings initial = start.initial();
    Path data = settings.dataDirectory();
    Path given = settings.caDirectory() == null ? data.resolve("ca") : settings.caDirectory();
    CaDirectory ca =
        CaDirectory.open(
            data, given, initial.trustDomain(), XdsEndpoint.longestLifetime(settings), clock);
    first.cacerts().forEach(secret -> adopt(ca, secret));
    JoinTokens tokens = JoinTokens.open(data, clock);
    PortolanServer server = new PortolanServer(settings, start, ca, clock);
    try {
      boolean filesOnly = settings.kubernetes() == null;
      MeshDirectory served =
          filesOnly ? alone : directory(settings, clock, start::layers, start.initial());
      server.open(ca, tokens, served, filesOnly ? file : served.scan());
      return server;
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private static MeshDirectory directory(
      ServerSettings settings,
      Clock clock,
      Supplier<List<SettingsLayer>> below,
      @Nullable MeshSettings started) {
    return new MeshDirectory(
        settings.meshDirectory(), clock, FILE_GRACE, settings.kubernetes() == null, below, started);
  }

  private void open(
      CaDirectory ca, JoinTokens tokens, MeshDirectory directory, MeshDirectory.Scan first)
      throws IOException {
    running.push(start.saving()::shutdown);
    running.push(planner);
    running.push(loader);
    running.push(snapshots::shutdown);
    running.push(federation);
    ScheduledExecutorService members = one("federation");
    running.push(members::shutdownNow);
    KubernetesSources sources = kubernetes;
    Authenticator authenticator =
        new Authenticator(
            tokens,
            new KubernetesTokens(
                sources == null ? TokenReviewers.NONE : sources::reviewer,
                settings.tokenAudiences(),
                clock),
            ca,
            clock);
    Gatekeeper gate =
        new Gatekeeper(
            planner,
            new PushMetrics(metrics),
            authenticator,
            ca,
            settings.certificateLifetime(),
            clock);
    XdsEndpoint xds = XdsEndpoint.open(settings, clock, ca, authenticator, gate, metrics);
    running.push(xds);
    endpoint = xds;
    FileSource files = new FileSource(directory, first, loader, secret -> adopt(ca, secret));
    running.push(files);
    GatewayProber prober =
        new GatewayProber(
            loader::current,
            loader,
            new TlsHelloProbe(),
            Executors.newVirtualThreadPerTaskExecutor());
    running.push(prober);
    DnsHostResolver resolver = new DnsHostResolver();
    running.push(resolver);
    HostWatcher names =
        new HostWatcher(
            loader::current,
            loader,
            resolver,
            Executors.newVirtualThreadPerTaskExecutor(),
            one("host-names"),
            clock);
    running.push(names);
    ConcernLog concerns = new ConcernLog(loader::current, federation::concerns, one("concern-log"));
    running.push(concerns);
    AdminServer pages =
        new AdminServer(
            settings.adminAddress(),
            new AdminPages(loader::current, planner, federation::status, this::leadership),
            planner,
            new AdminServer.Sources(
                this::readiness, () -> findings(files), metrics, Version.current()));
    running.push(pages);
    admin = pages.address();
    loader.start();
    federationMetrics.follow(federation::status, members);
    startMembers(members);
    files.start(SCAN_PAUSE);
    prober.start();
    names.start(NAME_ROUND);
    concerns.start(CONCERN_ROUND);
    planner.renewEvery(RENEWAL_CHECK);
    writePorts();
    LOG.info(
        "portolan started version={} xds={} admin={} trustDomain={} mesh={}",
        Version.current(),
        text(xds.address()),
        text(admin),
        first.settings().trustDomain(),
        settings.meshDirectory());
  }

  private void startMembers(ScheduledExecutorService members) throws IOException {
    KubernetesSources sources = kubernetes;
    if (sources == null) {
      federation.start(members);
      // No source announces clusters besides the mesh directory's own.
      federation.complete();
    } else {
      federation.restoreKnown();
      federation.start(members);
      running.push(sources);
      sources.start();
      LeaderWork work = leader;
      if (work != null) {
        running.push(work);
        work.start();
        leaderMetrics.follow(work::view, members);
      }
    }
  }

  private LeaderPage.@Nullable View leadership() {
    LeaderWork work = leader;
    return work == null ? null : work.view();
  }

  /** What is wrong in files and API servers, and what is of concern in the federation they make. */
  private List<AdminServer.Finding> findings(FileSource files) {
    KubernetesSources sources = kubernetes;
    Stream<Finding> read =
        Stream.concat(
            files.findings().stream(), sources == null ? Stream.of() : sources.findings().stream());
    return Stream.concat(
            read.map(
                f ->
                    new AdminServer.Finding(
                        f.severity().name().toLowerCase(Locale.ROOT),
                        f.file(),
                        f.line(),
                        f.text())),
            Stream.concat(
                federation.concerns().stream()
                    .map(c -> new AdminServer.Finding("error", c.about(), 0, c.text())),
                Concern.of(loader.current()).stream()
                    .map(c -> new AdminServer.Finding("warning", c.about(), 0, c.text()))))
        .toList();
  }

  private static void adopt(CaDirectory ca, CaCertsSecret secret) {
    try {
      ca.adopt(secret.cluster(), secret.files());
      LOG.info(
          "cluster signs with its own CA cluster={} origin={}", secret.cluster(), secret.origin());
    } catch (IOException e) {
      LOG.error(
          "cacerts not used cluster={} origin={} reason=\"{}\"",
          secret.cluster(),
          secret.origin(),
          e.getMessage());
    }
  }

  private void writePorts() throws IOException {
    Path file = settings.portsFile();
    if (file != null) {
      Path next = file.resolveSibling("." + file.getFileName() + ".next");
      InetSocketAddress plaintext = plaintextXdsAddress();
      Files.writeString(
          next,
          "{\"xds\":\""
              + text(xdsAddress())
              + (plaintext == null ? "" : "\",\"plaintextXds\":\"" + text(plaintext))
              + "\",\"admin\":\""
              + text(admin)
              + "\"}\n",
          StandardCharsets.UTF_8);
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
  }

  /** The bound TLS xDS address. */
  public InetSocketAddress xdsAddress() {
    XdsEndpoint open = endpoint;
    return open == null ? new InetSocketAddress(0) : open.address();
  }

  /** The bound plaintext xDS address, null when it is off. */
  public @Nullable InetSocketAddress plaintextXdsAddress() {
    XdsEndpoint open = endpoint;
    return open == null ? null : open.plaintextAddress();
  }

  /** The bound admin address. */
  public InetSocketAddress adminAddress() {
    return admin;
  }

  /** Why it is not ready, empty when it is. */
  public String readiness() {
    XdsEndpoint open = endpoint;
    if (closing || (open != null && open.isDraining())) {
      return "shutting down";
    }
    if (loader.ready()) {
      return "";
    }
    List<String> clusters = federation.waitingFor();
    return "waiting for "
        + String.join(", ", loader.waitingFor())
        + (clusters.isEmpty() ? "" : " (clusters " + String.join(", ", clusters) + ")");
  }

  /**
   * Gives up leadership, so that another replica goes on at once; drains the streams; stops
   * everything. Blocks for the drain time and a few seconds at the longest.
   */
  @Override
  public void close() {
    closing = true;
    LeaderWork work = leader;
    if (work != null) {
      work.resign();
    }
    XdsEndpoint open = endpoint;
    if (open != null) {
      open.drain(settings.drain());
    }
    while (!running.isEmpty()) {
      try {
        running.pop().close();
      } catch (Exception e) {
        LOG.warn("not closed cleanly reason=\"{}\"", e.getMessage());
      }
    }
  }
}
