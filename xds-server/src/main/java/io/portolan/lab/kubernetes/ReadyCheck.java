package io.portolan.lab.kubernetes;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Asks an API server whether it is ready. */
final class ReadyCheck implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final String url;
  private final String token;
  private final Path certificate;
  private @Nullable HttpClient client;

  /**
   * @param certificate file that the server writes when it starts
   */
  ReadyCheck(String url, String token, Path certificate) {
    this.url = url;
    this.token = token;
    this.certificate = certificate;
  }

  /**
   * True once it is ready; false after {@code patience} or when {@code running} turns false or the
   * thread is interrupted.
   */
  boolean await(Duration patience, BooleanSupplier running) {
    long end = System.nanoTime() + patience.toNanos();
    while (System.nanoTime() < end
        && running.getAsBoolean()
        && !Thread.currentThread().isInterrupted()) {
      if (isReady()) {
        return true;
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
    return false;
  }

  private boolean isReady() {
    try {
      if (client == null) {
        client = client();
      }
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(url + "/readyz"))
              .header("Authorization", "Bearer " + token)
              .timeout(Duration.ofSeconds(2))
              .build();
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException | GeneralSecurityException e) {
      // Not up yet, or its certificate is not written yet.
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private HttpClient client() throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream in = Files.newInputStream(certificate)) {
      int index = 0;
      for (var one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("ca" + index++, one);
      }
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return HttpClient.newBuilder().sslContext(context).build();
  }

  @Override
  public void close() {
    if (client != null) {
      client.shutdownNow();
    }
  }
}
