package io.portolan.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.TlsChannelCredentials;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.sign.SigningKey;
import io.portolan.ca.sign.WorkloadCertificate;
import io.portolan.ca.store.CaDirectory;
import io.portolan.ca.trust.TrustBundle;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The certificate of an open port changes; connections that are open stay. */
class RenewingTlsTest {
  private static final Duration LIFETIME = Duration.ofDays(90);
  // The handshake checks validity by the time of the machine, so the first certificate is made
  // "50 days ago" and the second one today.
  private final Instant today = Instant.now();
  private Instant now = today.minus(Duration.ofDays(50));

  @TempDir Path data;
  private SigningKey signer;
  private TrustBundle bundle;
  private CaDirectory first;
  private RenewingTls tls;
  private Server server;
  private final List<ManagedChannel> channels = new ArrayList<>();

  private CaDirectory ca(String name) throws IOException {
    Path own = data.resolve(name);
    return CaDirectory.open(own, own.resolve("ca"), "td.example", LIFETIME, () -> now);
  }

  @BeforeEach
  void start() throws Exception {
    first = ca("first");
    signer = first.top();
    bundle = first.trustBundle();
    tls = RenewingTls.open(() -> signer, () -> bundle, List.of(), LIFETIME, () -> now);
    server =
        XdsPorts.tls(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), tls, List.of());
  }

  @AfterEach
  void stop() throws Exception {
    for (ManagedChannel each : channels) {
      each.shutdownNow();
      each.awaitTermination(10, TimeUnit.SECONDS);
    }
    server.shutdownNow();
    server.awaitTermination(10, TimeUnit.SECONDS);
  }

  private ManagedChannel channel(TrustBundle trust, WorkloadCertificate own) throws IOException {
    TlsChannelCredentials.Builder credentials =
        TlsChannelCredentials.newBuilder().trustManager(new ByteArrayInputStream(trust.pem()));
    if (own != null) {
      credentials.keyManager(
          new ByteArrayInputStream(own.chainPem()), new ByteArrayInputStream(own.keyPem()));
    }
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.getPort(), credentials.build())
            .overrideAuthority("portolan.local")
            .build();
    channels.add(channel);
    return channel;
  }

  private static HealthCheckResponse.ServingStatus check(ManagedChannel channel) {
    return HealthGrpc.newBlockingStub(channel)
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .check(HealthCheckRequest.getDefaultInstance())
        .getStatus();
  }

  /** A stream that stays open; every event in order. */
  private static BlockingQueue<Object> watch(ManagedChannel channel) {
    BlockingQueue<Object> events = new LinkedBlockingQueue<>();
    HealthGrpc.newStub(channel)
        .watch(
            HealthCheckRequest.getDefaultInstance(),
            new StreamObserver<>() {
              @Override
              public void onNext(HealthCheckResponse value) {
                events.add(value.getStatus());
              }

              @Override
              public void onError(Throwable failure) {
                events.add(Status.fromThrowable(failure));
              }

              @Override
              public void onCompleted() {
                events.add(Status.OK);
              }
            });
    return events;
  }

  /** What a new connection meets. */
  private X509Certificate met(TrustBundle trust) throws Exception {
    KeyStore roots = KeyStore.getInstance("PKCS12");
    roots.load(null, null);
    for (X509Certificate root : trust.roots()) {
      roots.setCertificateEntry("root-" + root.getSerialNumber(), root);
    }
    TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
    managers.init(roots);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    try (SSLSocket socket =
        (SSLSocket)
            context
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), server.getPort())) {
      socket.setSoTimeout(20_000);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }
  }

  @Test
  void itIsRenewedAtHalfOfItsLifeAndOpenStreamsGoOn() throws Exception {
    ManagedChannel open = channel(bundle, null);
    BlockingQueue<Object> stream = watch(open);
    assertEquals(HealthCheckResponse.ServingStatus.SERVING, stream.poll(20, TimeUnit.SECONDS));
    X509Certificate before = met(bundle);
    now = today.minus(Duration.ofDays(50)).plus(Duration.ofDays(44));
    tls.renewIfDue();
    assertEquals(before, met(bundle), "not due yet");

    now = today;
    tls.renewIfDue();
    X509Certificate after = met(bundle);
    assertNotEquals(before.getSerialNumber(), after.getSerialNumber());
    assertEquals(
        today.plus(LIFETIME).getEpochSecond(), after.getNotAfter().toInstant().getEpochSecond());
    assertEquals(after.getNotAfter().toInstant(), tls.notAfter());
    assertEquals(HealthCheckResponse.ServingStatus.SERVING, check(open));
    assertNull(stream.poll(), "the stream on the old certificate has no end");
  }

  @Test
  void itFollowsTheRootsAndTheSigner() throws Exception {
    now = today;
    tls.renewIfDue();
    ManagedChannel open = channel(bundle, null);
    BlockingQueue<Object> stream = watch(open);
    assertEquals(HealthCheckResponse.ServingStatus.SERVING, stream.poll(20, TimeUnit.SECONDS));

    CaDirectory second = ca("second");
    WorkloadCertificate ofSecond =
        second.forCluster("east").issue(new SpiffeId("td.example", "demo", "web"), LIFETIME);
    TrustBundle old = bundle;
    assertThrows(RuntimeException.class, () -> check(channel(old, ofSecond)));
    List<X509Certificate> both = new ArrayList<>(bundle.roots());
    both.addAll(second.trustBundle().roots());
    bundle = new TrustBundle("td.example", both);
    tls.renewIfDue();
    assertEquals(HealthCheckResponse.ServingStatus.SERVING, check(channel(old, ofSecond)));

    assertThrows(SSLException.class, () -> met(second.trustBundle()));
    signer = second.top();
    tls.renewIfDue();
    X509Certificate after = met(second.trustBundle());
    assertEquals(
        second.top().certificate().getSubjectX500Principal(), after.getIssuerX500Principal());
    assertEquals(HealthCheckResponse.ServingStatus.SERVING, check(open));
    assertNull(stream.poll(), "the stream on the old certificate has no end");
  }

  @Test
  void aFailedRenewalKeepsTheOldCertificate() throws Exception {
    X509Certificate before = met(bundle);
    now = today.plus(Duration.ofDays(4000));
    tls.renewIfDue();
    assertEquals(before, met(bundle));
  }
}
