package io.portolan.server;

import io.grpc.Server;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.portolan.ca.authn.Authenticator;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.ca.authn.KubernetesTokens;
import io.portolan.ca.authn.TokenReviewers;
import io.portolan.ca.grpc.CertificateService;
import io.portolan.ca.store.CaDirectory;
import io.portolan.registry.federation.GatewayProber;
import io.portolan.registry.federation.TlsHelloProbe;
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
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running control plane. */
public final class PortolanServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PortolanServer.class);
  private static final Duration SCAN_PAUSE = Duration.ofMillis(500);
  private static final Duration FILE_GRACE = Duration.ofSeconds(2);
  private static final Duration PUSH_GATHER = Duration.ofMillis(100);
  private static final Duration RENEWAL_CHECK = Duration.ofSeconds(15);
  private static final Duration SERVER_CERTIFICATE = Duration.ofDays(90);
  private static final Duration CA_CHECK = Duration.ofSeconds(60);
  // Istio's agents ask for this long, whatever the control plane's own default is.
  private static final Duration AGENT_LIFETIME = Duration.ofHours(24);

  private final Deque<AutoCloseable> running = new ArrayDeque<>();
  private final RegistryLoader loader;
  private InetSocketAddress xds = new InetSocketAddress(0);
  private InetSocketAddress admin = new InetSocketAddress(0);

  private PortolanServer(RegistryLoader loader) {
    this.loader = loader;
  }

  /**
   * Starts everything and returns once the ports are bound.
   *
   * @throws IOException when a port cannot be bound or a directory cannot be used; the message
   *     names it
   */
  public static PortolanServer start(ServerSettings settings) throws IOException {
    Clock clock = Clock.systemUTC();
    // The trust domain names the root, so mesh.yaml is read before anything is signed.
    MeshDirectory directory = new MeshDirectory(settings.meshDirectory(), clock, FILE_GRACE);
    String trustDomain = trustDomain(settings, clock);
    Path data = settings.dataDirectory();
    Path given = settings.caDirectory() == null ? data.resolve("ca") : settings.caDirectory();
    CaDirectory ca = CaDirectory.open(data, given, trustDomain, longest(settings), clock);
    JoinTokens tokens = JoinTokens.open(data, clock);

    PushPlanner planner =
        new PushPlanner(
            Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("push-planner").factory()),
            PUSH_GATHER,
            clock);
    RegistryLoader loader = new RegistryLoader(Set.of(FileSource.NAME), planner::onChange);
    PortolanServer server = new PortolanServer(loader);
    try {
      server.open(settings, clock, directory, ca, tokens, planner, trustDomain);
      return server;
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private static Duration longest(ServerSettings settings) {
    Duration own = settings.certificateLifetime();
    return own.compareTo(AGENT_LIFETIME) > 0 ? own : AGENT_LIFETIME;
  }

  private static String trustDomain(ServerSettings settings, Clock clock) throws IOException {
    return new MeshDirectory(settings.meshDirectory(), clock, FILE_GRACE)
        .scan().changes().stream()
            .filter(io.portolan.registry.change.Change.Settings.class::isInstance)
            .map(io.portolan.registry.change.Change.Settings.class::cast)
            .map(c -> c.settings().trustDomain())
            .findFirst()
            .orElse(MeshSettings.DEFAULT.trustDomain());
  }

  private void open(
      ServerSettings settings,
      Clock clock,
      MeshDirectory directory,
      CaDirectory ca,
      JoinTokens tokens,
      PushPlanner planner,
      String trustDomain)
      throws IOException {
    running.push(planner);
    running.push(loader);
    PrometheusMeterRegistry metrics = metrics();
    // No source of clusters knows API servers yet that could check tokens.
    Authenticator authenticator =
        new Authenticator(
            tokens,
            new KubernetesTokens(TokenReviewers.NONE, settings.tokenAudiences(), clock),
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
    openXds(settings, clock, ca, authenticator, gate, metrics);

    FileSource files = new FileSource(directory, loader, secret -> adopt(ca, secret));
    running.push(files);
    GatewayProber prober =
        new GatewayProber(
            loader::current,
            loader,
            new TlsHelloProbe(),
            Executors.newVirtualThreadPerTaskExecutor());
    running.push(prober);
    AdminServer pages =
        new AdminServer(
            settings.adminAddress(),
            new AdminPages(loader::current, planner),
            planner,
            new AdminServer.Sources(
                this::notReady,
                () ->
                    files.findings().stream()
                        .map(
                            f ->
                                new AdminServer.Finding(
                                    f.severity().name().toLowerCase(Locale.ROOT),
                                    f.file(),
                                    f.line(),
                                    f.text()))
                        .toList(),
                metrics,
                Version.current()));
    running.push(pages);
    admin = pages.address();
    loader.start();
    files.start(SCAN_PAUSE);
    prober.start();
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

  private static void checkCa(CaDirectory ca, RenewingTls tls) {
    try {
      ca.reload();
    } catch (IOException e) {
      LOG.error("CA files not taken over, the earlier ones stay reason=\"{}\"", e.getMessage());
    }
    tls.renewIfDue();
  }

  private void openXds(
      ServerSettings settings,
      Clock clock,
      CaDirectory ca,
      Authenticator authenticator,
      Gatekeeper gate,
      PrometheusMeterRegistry metrics)
      throws IOException {
    ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("stream-timer").factory());
    running.push(timer::shutdownNow);
    ExecutorService streams =
        Executors.newFixedThreadPool(
            Math.max(2, Runtime.getRuntime().availableProcessors()),
            Thread.ofPlatform().daemon().name("streams-", 0).factory());
    running.push(streams::shutdownNow);
    ExecutorService blocking =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("admission-", 0).factory());
    running.push(blocking::shutdownNow);
    AdsService ads = new AdsService(gate, StreamLimits.DEFAULT, streams, blocking, timer);
    CertificateService certificates =
        new CertificateService(
            authenticator, ca, settings.certificateLifetime(), longest(settings), blocking);
    RenewingTls tls =
        RenewingTls.open(
            ca::top, ca::trustBundle, settings.serverNames(), SERVER_CERTIFICATE, clock);
    metrics.gauge(
        "portolan.xds.certificate.expiry.seconds",
        tls,
        t -> Duration.between(clock.instant(), t.notAfter()).toSeconds());
    var _ =
        timer.scheduleWithFixedDelay(
            () -> blocking.execute(() -> checkCa(ca, tls)),
            CA_CHECK.toMillis(),
            CA_CHECK.toMillis(),
            TimeUnit.MILLISECONDS);
    Server secure =
        XdsPorts.tls(
            settings.xdsAddress(), tls, List.of(ads.definition(), certificates.definition()));
    running.push(secure::shutdownNow);
    xds = new InetSocketAddress(settings.xdsAddress().getAddress(), secure.getPort());
    InetSocketAddress open = settings.plaintextXdsAddress();
    if (open != null) {
      Server plaintext = XdsPorts.plaintext(open, List.of(ads.definition()));
      running.push(plaintext::shutdownNow);
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
                .flatMap(java.util.List::stream)
                .filter(g -> !g.up())
                .count());
    return metrics;
  }

  private String notReady() {
    return loader.ready() ? "" : "waiting for " + String.join(", ", loader.waitingFor());
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

  @Override
  public void close() {
    while (!running.isEmpty()) {
      try {
        running.pop().close();
      } catch (Exception e) {
        LOG.warn("not closed cleanly reason=\"{}\"", e.getMessage());
      }
    }
  }
}
