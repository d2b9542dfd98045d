package io.portolan.server;

import io.grpc.Server;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.portolan.ca.authn.Authenticator;
import io.portolan.ca.grpc.CertificateService;
import io.portolan.ca.store.CaDirectory;
import io.portolan.xds.grpc.AdsService;
import io.portolan.xds.grpc.StreamLimits;
import io.portolan.xds.push.Gatekeeper;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The xDS ports with everything that serves on them: streams, certificates, admission. */
final class XdsEndpoint implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(XdsEndpoint.class);
  private static final Duration DRAIN_GRACE = Duration.ofSeconds(1);
  private static final Duration SERVER_CERTIFICATE = Duration.ofDays(90);
  private static final Duration CA_CHECK = Duration.ofMinutes(1);
  // Istio's agents ask for this long, whatever the control plane's own default is.
  private static final Duration AGENT_LIFETIME = Duration.ofHours(24);

  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("stream-timer").factory());
  private final ExecutorService streams =
      Executors.newFixedThreadPool(
          Math.max(2, Runtime.getRuntime().availableProcessors()),
          Thread.ofPlatform().daemon().name("streams-", 0).factory());
  private final ExecutorService blocking =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("admission-", 0).factory());
  private final AdsService ads;
  private final List<Server> ports = new ArrayList<>();
  private InetSocketAddress address = new InetSocketAddress(0);
  private @Nullable InetSocketAddress plaintextAddress;
  private volatile boolean draining;

  private XdsEndpoint(Gatekeeper gate) {
    this.ads = new AdsService(gate, StreamLimits.DEFAULT, streams, blocking, timer);
  }

  /** The longest lifetime of a workload certificate that is given out. */
  static Duration longestLifetime(ServerSettings settings) {
    Duration own = settings.certificateLifetime();
    return own.compareTo(AGENT_LIFETIME) > 0 ? own : AGENT_LIFETIME;
  }

  /**
   * Binds the ports.
   *
   * @throws IOException when one cannot be bound, with the remedy
   */
  static XdsEndpoint open(
      ServerSettings settings,
      Clock clock,
      CaDirectory ca,
      Authenticator authenticator,
      Gatekeeper gate,
      PrometheusMeterRegistry metrics)
      throws IOException {
    XdsEndpoint endpoint = new XdsEndpoint(gate);
    try {
      endpoint.bind(settings, clock, ca, authenticator, metrics);
      return endpoint;
    } catch (IOException | RuntimeException e) {
      endpoint.close();
      throw e;
    }
  }

  private void bind(
      ServerSettings settings,
      Clock clock,
      CaDirectory ca,
      Authenticator authenticator,
      PrometheusMeterRegistry metrics)
      throws IOException {
    CertificateService certificates =
        new CertificateService(
            authenticator, ca, settings.certificateLifetime(), longestLifetime(settings), blocking);
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
    ports.add(secure);
    address = new InetSocketAddress(settings.xdsAddress().getAddress(), secure.getPort());
    InetSocketAddress open = settings.plaintextXdsAddress();
    if (open != null) {
      Server plaintext = XdsPorts.plaintext(open, List.of(ads.definition()));
      ports.add(plaintext);
      plaintextAddress = new InetSocketAddress(open.getAddress(), plaintext.getPort());
      LOG.warn(
          "plaintext xDS is open address={}:{}: proxies on it have no identity and get no"
              + " certificates",
          open.getHostString(),
          plaintext.getPort());
    }
  }

  private static void checkCa(CaDirectory ca, RenewingTls tls) {
    try {
      ca.reload();
    } catch (IOException e) {
      LOG.error("CA files not taken over, the earlier ones stay reason=\"{}\"", e.getMessage());
    }
    tls.renewIfDue();
  }

  InetSocketAddress address() {
    return address;
  }

  @Nullable InetSocketAddress plaintextAddress() {
    return plaintextAddress;
  }

  boolean isDraining() {
    return draining;
  }

  /**
   * No new connections, and streams end one after the other. GOAWAY tells clients to open the next
   * stream on another connection. Blocks until they have ended, a little longer than {@code drain}
   * at most.
   */
  void drain(Duration drain) {
    draining = true;
    ports.forEach(Server::shutdown);
    if (ads.streams() == 0) {
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

  @Override
  public void close() {
    ports.forEach(Server::shutdownNow);
    timer.shutdownNow();
    streams.shutdownNow();
    blocking.shutdownNow();
  }
}
