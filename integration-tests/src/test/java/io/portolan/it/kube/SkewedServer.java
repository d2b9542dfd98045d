package io.portolan.it.kube;

import io.portolan.lab.kubernetes.KubernetesCluster;
import io.portolan.registry.source.kubernetes.membership.PemKeys;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * An API server whose clock is off: a relay with the server's own certificate that changes the Date
 * header of each answer. Everything else passes as it is.
 */
final class SkewedServer implements AutoCloseable {
  private static final byte[] DATE = "\r\nDate: ".getBytes(StandardCharsets.US_ASCII);

  /** Length of a date of RFC 9110, such as {@code Sun, 06 Nov 1994 08:49:37 GMT}. */
  private static final int DATE_LENGTH = 29;

  private static final DateTimeFormatter FORMAT =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private final SSLServerSocket server;
  private final SSLContext context;
  private final int target;
  private final AtomicReference<Duration> skew = new AtomicReference<>(Duration.ZERO);
  private final AtomicInteger changed = new AtomicInteger();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  SkewedServer(KubernetesCluster cluster) throws IOException, GeneralSecurityException {
    target = cluster.port();
    context = context(cluster.home().resolve("certs"));
    server =
        (SSLServerSocket)
            context
                .getServerSocketFactory()
                .createServerSocket(0, 64, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
    threads.execute(this::accept);
  }

  private static SSLContext context(Path certs) throws IOException, GeneralSecurityException {
    List<X509Certificate> chain =
        PemKeys.certificates(Files.readString(certs.resolve("apiserver.crt")));
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry(
        "server",
        PemKeys.privateKey(Files.readString(certs.resolve("apiserver.key"))),
        new char[0],
        chain.toArray(Certificate[]::new));
    for (X509Certificate one : chain) {
      store.setCertificateEntry(one.getSerialNumber().toString(), one);
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, new char[0]);
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext made = SSLContext.getInstance("TLS");
    made.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return made;
  }

  String url() {
    return "https://127.0.0.1:" + server.getLocalPort();
  }

  /** Sets how far its clock is ahead, negative for behind. */
  void skew(Duration ahead) {
    skew.set(ahead);
  }

  /** Answers whose date was changed. */
  int changed() {
    return changed.get();
  }

  /** Cuts all open connections, so that the next answers have a new date. */
  void cut() throws IOException {
    for (Socket socket : List.copyOf(sockets)) {
      socket.close();
    }
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        Socket upstream =
            context.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), target);
        sockets.add(client);
        sockets.add(upstream);
        threads.execute(() -> copy(client, upstream, false));
        threads.execute(() -> copy(upstream, client, true));
      } catch (IOException e) {
        if (server.isClosed()) {
          return;
        }
      }
    }
  }

  private void copy(Socket from, Socket to, boolean dates) {
    byte[] buffer = new byte[16 * 1024];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = new BufferedOutputStream(to.getOutputStream(), 1 << 15);
      int matched = 0;
      int skip = 0;
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        for (int i = 0; i < n; i++) {
          byte b = buffer[i];
          if (skip > 0) {
            skip--;
            continue;
          }
          out.write(b);
          matched = b == DATE[matched] ? matched + 1 : b == DATE[0] ? 1 : 0;
          if (matched == DATE.length) {
            matched = 0;
            if (dates) {
              skip = DATE_LENGTH;
              changed.incrementAndGet();
              out.write(
                  FORMAT
                      .format(Instant.now().plus(skew.get()))
                      .getBytes(StandardCharsets.US_ASCII));
            }
          }
        }
        out.flush();
      }
    } catch (IOException e) {
      // One end is gone, so the other one goes too.
    } finally {
      sockets.remove(from);
      sockets.remove(to);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    cut();
    threads.shutdownNow();
  }
}
