package io.portolan.ca;

import static io.portolan.ca.GivenCa.START;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.portolan.ca.authn.PeerIdentity;
import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.sign.WorkloadCertificate;
import io.portolan.ca.store.CaDirectory;
import io.portolan.ca.trust.Pem;
import io.portolan.ca.trust.TrustBundle;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.Date;
import java.util.Set;
import java.util.stream.Collectors;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mutual TLS between engines of the JDK, in memory and at a fixed date. */
class HandshakeTest {
  private static final SpiffeId CLIENT = new SpiffeId("td.example", "demo", "client");
  private static final SpiffeId SERVER = new SpiffeId("td.example", "demo", "server");
  private static final Duration DAY = Duration.ofDays(1);
  private static final int ROUNDS = 50;

  @TempDir Path root;

  private CaDirectory ca(String name) throws Exception {
    Path data = root.resolve(name);
    return CaDirectory.open(data, data.resolve("ca"), "td.example", DAY, () -> START);
  }

  private static SSLContext context(WorkloadCertificate own, TrustBundle trust) throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, null);
    keys.setKeyEntry(
        "own", key(own), new char[0], Pem.certificates(own.chainPem()).toArray(Certificate[]::new));
    KeyManagerFactory keyManagers = KeyManagerFactory.getInstance("PKIX");
    keyManagers.init(keys, new char[0]);
    Set<TrustAnchor> anchors =
        trust.roots().stream().map(r -> new TrustAnchor(r, null)).collect(Collectors.toSet());
    PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, new X509CertSelector());
    parameters.setRevocationEnabled(false);
    parameters.setDate(Date.from(START));
    TrustManagerFactory trustManagers = TrustManagerFactory.getInstance("PKIX");
    trustManagers.init(new CertPathTrustManagerParameters(parameters));
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(keyManagers.getKeyManagers(), trustManagers.getTrustManagers(), null);
    return context;
  }

  private static PrivateKey key(WorkloadCertificate own) throws Exception {
    String body =
        new String(own.keyPem(), StandardCharsets.US_ASCII)
            .lines()
            .filter(l -> !l.startsWith("-----"))
            .collect(Collectors.joining());
    return KeyFactory.getInstance("EC")
        .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(body)));
  }

  private record Ends(SSLEngine client, SSLEngine server) {}

  private static Ends shake(SSLContext client, SSLContext server) throws SSLException {
    Ends ends = new Ends(client.createSSLEngine(), server.createSSLEngine());
    ends.client().setUseClientMode(true);
    ends.server().setUseClientMode(false);
    ends.server().setNeedClientAuth(true);
    int size = 2 * ends.client().getSession().getPacketBufferSize();
    ByteBuffer toServer = ByteBuffer.allocate(size);
    ByteBuffer toClient = ByteBuffer.allocate(size);
    ends.client().beginHandshake();
    ends.server().beginHandshake();
    for (int round = 0; round < ROUNDS; round++) {
      step(ends.client(), toClient, toServer);
      step(ends.server(), toServer, toClient);
      if (done(ends.client())
          && done(ends.server())
          && toServer.position() == 0
          && toClient.position() == 0) {
        return ends;
      }
    }
    throw new AssertionError("no handshake within " + ROUNDS + " rounds");
  }

  private static boolean done(SSLEngine engine) {
    return engine.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING;
  }

  private static void step(SSLEngine engine, ByteBuffer in, ByteBuffer out) throws SSLException {
    ByteBuffer plain = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
    in.flip();
    if (in.hasRemaining()) {
      engine.unwrap(in, plain);
    }
    in.compact();
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
    if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
      engine.wrap(ByteBuffer.allocate(0), out);
    }
  }

  @Test
  void workloadsOfTwoClustersTrustEachOtherThroughTheSharedRoot() throws Exception {
    CaDirectory ca = ca("data");
    Ends ends =
        shake(
            context(ca.forCluster("east").issue(CLIENT, DAY), ca.trustBundle()),
            context(ca.forCluster("west").issue(SERVER, DAY), ca.trustBundle()));
    assertEquals(SERVER, PeerIdentity.of(peer(ends.client())));
    assertEquals(CLIENT, PeerIdentity.of(peer(ends.server())));
  }

  private static X509Certificate peer(SSLEngine engine) throws Exception {
    return (X509Certificate) engine.getSession().getPeerCertificates()[0];
  }

  @Test
  void aWorkloadOfAnotherRootIsRefusedByBothSides() throws Exception {
    CaDirectory ca = ca("data");
    CaDirectory foreign = ca("foreign");
    SSLContext own = context(ca.forCluster("east").issue(CLIENT, DAY), ca.trustBundle());
    // The stranger trusts us, so only our side can refuse.
    SSLContext stranger = context(foreign.forCluster("east").issue(SERVER, DAY), ca.trustBundle());
    assertThrows(SSLException.class, () -> shake(own, stranger));
    assertThrows(SSLException.class, () -> shake(stranger, own));
  }
}
