package io.portolan.server;

import io.grpc.Server;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.ca.sign.ServerCertificate;
import io.portolan.ca.store.CaDirectory;
import io.portolan.registry.federation.Federation;
import io.portolan.registry.federation.FederationOptions;
import io.portolan.registry.federation.GatewayProber;
import io.portolan.registry.federation.HostWatcher;
import io.portolan.registry.federation.LastGood;
import io.portolan.registry.federation.SystemHostResolver;
import io.portolan.registry.federation.TlsHelloProbe;
import io.portolan.registry.image.Concern;
import io.portolan.registry.image.ImageChange;
import io.portolan.registry.loader.RegistryLoader;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.source.files.FileSource;
import io.portolan.registry.source.files.MeshDirectory;
import io.portolan.registry.source.objects.CaCertsSecret;
import io.portolan.xds.admin.AdminPages;
import io.portolan.xds.admin.AdminServer;
import io.portolan.xds.grpc.AdsService;
import io.portolan.xds.grpc.StreamLimits;
import io.portolan.xds.push.Gatekeeper;
import io.portolan.xds.push.PushMetrics;
import io.portolan.xds.push.PushPlanner;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
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
  private static final Duration DRAIN_GRACE = Duration.ofSeconds(1);
  private static final Duration SERVER_CERTIFICATE = Duration.ofDays(90);

  private final Deque<AutoCloseable> running = new ArrayDeque<>();
  private final PushPlanner planner;
  private final RegistryLoader loader;
  private final FederationMetrics federationMetrics;
  private final PrometheusMeterRegistry metrics;
  private final ExecutorService snapshots =
      Executors.newSingleThreadExecutor(Thread.ofVirtual().name("snapshots").factory());
  private final Federation federation;
  private final List<Server> ports = new CopyOnWriteArrayList<>();
  private final Duration drain;
  private volatile @Nullable AdsService streams;
  private volatile boolean draining;
  private InetSocketAddress xds = new InetSocketAddress(0);
  private InetSocketAddress admin = new InetSocketAddress(0);

  private PortolanServer(
      ServerSettings settings, MeshSettings initial, PushPlanner planner, Clock clock) {
    this.planner = planner;
    this.drain = settings.drain();
    this.loader = new RegistryLoader(Set.of(FileSource.NAME, Federation.SOURCE), this::onImage);
    this.metrics = metrics();
    this.federationMetrics = new FederationMetrics(metrics);
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
            FederationOptions.DEFAULT,
            clock,
            System::nanoTime);
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
    Clock clock = Clock.systemUTC();
    // The trust domain names the root and cacerts the issuers: read before anything is signed.
    MeshDirectory directory = new MeshDirectory(settings.meshDirectory(), clock, FILE_GRACE);
    MeshDirectory.Scan first =
        new MeshDirectory(settings.meshDirectory(), clock, FILE_GRACE).scan();
    MeshSettings initial = initialSettings(first);
    String trustDomain = initial.trustDomain();
    Path data = settings.dataDirectory();
    Path given = settings.caDirectory() == null ? data.resolve("ca") : settings.caDirectory();
    CaDirectory ca =
        CaDirectory.open(data, given, trustDomain, settings.certificateLifetime(), clock);
    first.cacerts().forEach(secret -> adopt(ca, secret));
    JoinTokens tokens = JoinTokens.open(data, clock);

    PushPlanner planner =
        new PushPlanner(
            Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("push-planner").factory()),
            PUSH_GATHER,
            clock);
    PortolanServer server = new PortolanServer(settings, initial, planner, clock);
    try {
      server.open(settings, clock, directory, ca, tokens, trustDomain);
      return server;
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private static MeshSettings initialSettings(MeshDirectory.Scan first) {
    return first.changes().stream()
        .filter(io.portolan.registry.change.Change.Settings.class::isInstance)
        .map(io.portolan.registry.change.Change.Settings.class::cast)
        .map(io.portolan.registry.change.Change.Settings::settings)
        .findFirst()
        .orElse(MeshSettings.DEFAULT);
  }

  private void open(
      ServerSettings settings,
      Clock clock,
      MeshDirectory directory,
      CaDirectory ca,
      JoinTokens tokens,
      String trustDomain)
      throws IOException {
    running.push(planner);
    running.push(loader);
    running.push(snapshots::shutdown);
    running.push(federation);
    ScheduledExecutorService members =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("federation").factory());
    running.push(members::shutdownNow);
    Gatekeeper gate =
        new Gatekeeper(
            planner,
            new PushMetrics(metrics),
            tokens,
            ca,
            trustDomain,
            settings.certificateLifetime(),
            clock);
    ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("stream-timer").factory());
    running.push(timer::shutdownNow);
    ExecutorService streams =
        Executors.newFixedThreadPool(
            Math.max(2, Runtime.getRuntime().availableProcessors()),
            Thread.ofPlatform().daemon().name("streams-", 0).factory());
    running.push(streams::shutdownNow);
    AdsService ads = new AdsService(gate, StreamLimits.DEFAULT, streams, timer);
    this.streams = ads;
    openXds(settings, clock, ca, ads);

    FileSource files = new FileSource(directory, loader, secret -> adopt(ca, secret));
    running.push(files);
    GatewayProber prober =
        new GatewayProber(
            loader::current,
            loader,
            new TlsHelloProbe(),
            Executors.newVirtualThreadPerTaskExecutor());
    running.push(prober);
    HostWatcher names =
        new HostWatcher(
            loader::current,
            loader,
            new SystemHostResolver(),
            Executors.newVirtualThreadPerTaskExecutor(),
            Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("host-names").factory()),
            clock);
    running.push(names);
    ConcernLog concerns =
        new ConcernLog(
            loader::current,
            Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("concern-log").factory()));
    running.push(concerns);
    AdminServer pages =
        new AdminServer(
            settings.adminAddress(),
            new AdminPages(loader::current, planner, federation::status),
            planner,
            new AdminServer.Sources(
                this::notReady, () -> findings(files), metrics, Version.current()));
    running.push(pages);
    admin = pages.address();
    loader.start();
    federation.start(members);
    federationMetrics.follow(federation::status, members);
    // No source announces clusters besides the mesh directory's own.
    federation.complete();
    files.start(SCAN_PAUSE);
    prober.start();
    names.start(NAME_ROUND);
    concerns.start(CONCERN_ROUND);
    planner.renewEvery(RENEWAL_CHECK);
    writePorts(settings);
    LOG.info(
        "portolan started version={} xds={} admin={} trustDomain={} mesh={}",
        Version.current(),
        text(xds),
        text(admin),
        trustDomain,
        settings.meshDirectory());
  }

  /** What is wrong in files, and what is of concern in the federation they make. */
  private List<AdminServer.Finding> findings(FileSource files) {
    return Stream.concat(
            files.findings().stream()
                .map(
                    f ->
                        new AdminServer.Finding(
                            f.severity().name().toLowerCase(Locale.ROOT),
                            f.file(),
                            f.line(),
                            f.text())),
            Concern.of(loader.current()).stream()
                .map(c -> new AdminServer.Finding("warning", c.about(), 0, c.text())))
        .toList();
  }

  private void openXds(ServerSettings settings, Clock clock, CaDirectory ca, AdsService ads)
      throws IOException {
    try {
      ServerCertificate certificate =
          ServerCertificate.issue(
              ca.top(), settings.serverNames(), clock.instant(), SERVER_CERTIFICATE);
      Server tls = XdsPorts.tls(settings.xdsAddress(), certificate, ca.trustBundle(), ads);
      running.push(tls::shutdownNow);
      ports.add(tls);
      xds = new InetSocketAddress(settings.xdsAddress().getAddress(), tls.getPort());
    } catch (GeneralSecurityException e) {
      throw new IOException("no certificate for the xDS port: " + e.getMessage(), e);
    }
    InetSocketAddress open = settings.plaintextXdsAddress();
    if (open != null) {
      Server plaintext = XdsPorts.plaintext(open, ads);
      running.push(plaintext::shutdownNow);
      ports.add(plaintext);
      LOG.warn(
          "plaintext xDS is open address={}:{}: proxies on it have no identity and get no"
              + " certificates",
          open.getHostString(),
          plaintext.getPort());
    }
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

  private PrometheusMeterRegistry metrics() {
    PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    new JvmMemoryMetrics().bindTo(metrics);
    new JvmThreadMetrics().bindTo(metrics);
    new ProcessorMetrics().bindTo(metrics);
    metrics.gauge("portolan.registry.services", loader, l -> l.current().services().size());
    metrics.gauge(
        "portolan.registry.endpoints",
        loader,
        l -> l.current().services().values().stream().mapToInt(s -> s.endpoints().size()).sum());
    metrics.gauge("portolan.registry.generation", loader, l -> l.current().generation());
    metrics.gauge(
        "portolan.gateways.down",
        loader,
        l ->
            l.current().gateways().values().stream()
                .flatMap(List::stream)
                .filter(g -> !g.up())
                .count());
    return metrics;
  }

  private String notReady() {
    if (draining) {
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

  private void writePorts(ServerSettings settings) throws IOException {
    Path file = settings.portsFile();
    if (file != null) {
      Path next = file.resolveSibling("." + file.getFileName() + ".next");
      Files.writeString(
          next,
          "{\"xds\":\"" + text(xds) + "\",\"admin\":\"" + text(admin) + "\"}\n",
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
    return xds;
  }

  /** The bound admin address. */
  public InetSocketAddress adminAddress() {
    return admin;
  }

  /** Why it is not ready, empty when it is. */
  public String readiness() {
    return notReady();
  }

  /**
   * Not ready from now on, no new connections, and streams end one after the other. GOAWAY tells
   * clients to open the next stream on another connection.
   */
  private void drain() {
    AdsService ads = streams;
    draining = true;
    ports.forEach(Server::shutdown);
    if (ads == null || ads.streams() == 0) {
      return;
    }
    LOG.info("draining streams={} seconds={}", ads.streams(), drain.toSeconds());
    try {
      var _ =
          ads.drain(drain, RandomGenerator.getDefault())
              .get(drain.plus(DRAIN_GRACE).toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("streams left after draining streams={}", ads.streams());
    }
  }

  /** Drains the streams, then stops everything. Blocks for the drain time at the longest, about. */
  @Override
  public void close() {
    drain();
    while (!running.isEmpty()) {
      try {
        running.pop().close();
      } catch (Exception e) {
        LOG.warn("not closed cleanly reason=\"{}\"", e.getMessage());
      }
    }
  }
}
