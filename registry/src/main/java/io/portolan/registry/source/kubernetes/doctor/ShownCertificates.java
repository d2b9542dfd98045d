package io.portolan.registry.source.kubernetes.doctor;

import io.portolan.registry.source.kubernetes.membership.ServerAddresses;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * The certificates that a server shows, whether anybody trusts them or not: that is what a wrong
 * certificate is looked at for. Nothing is sent on such a connection.
 */
final class ShownCertificates {
  private static final int HTTPS = 443;

  private ShownCertificates() {}

  /** Leaf first; empty when there is no TLS connection. */
  static List<X509Certificate> of(URI server, String name, Duration patience) {
    AtomicReference<List<X509Certificate>> shown = new AtomicReference<>(List.of());
    int port = server.getPort() < 0 ? HTTPS : server.getPort();
    int millis = (int) patience.toMillis();
    try (Socket tcp = new Socket()) {
      InetAddress address = InetAddress.getByName(server.getHost());
      if (ServerAddresses.refused(address).isPresent()) {
        return List.of();
      }
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new Look(shown)}, null);
      tcp.connect(new InetSocketAddress(address, port), millis);
      tcp.setSoTimeout(millis);
      try (SSLSocket tls =
          (SSLSocket) context.getSocketFactory().createSocket(tcp, name, port, false)) {
        tls.startHandshake();
      }
    } catch (IOException | GeneralSecurityException e) {
      // A server that wants a client certificate fails here, after it has shown its own.
      return shown.get();
    }
    return shown.get();
  }

  private static final class Look extends X509ExtendedTrustManager {
    private final AtomicReference<List<X509Certificate>> shown;

    Look(AtomicReference<List<X509Certificate>> shown) {
      this.shown = shown;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {
      shown.set(List.of(chain));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {
      shown.set(List.of(chain));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {
      shown.set(List.of(chain));
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
