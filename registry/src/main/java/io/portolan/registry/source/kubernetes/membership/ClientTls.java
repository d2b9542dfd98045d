package io.portolan.registry.source.kubernetes.membership;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** TLS towards one API server: whom to trust, what to show, which name to expect. */
final class ClientTls {
  private static final char[] NO_PASSWORD = new char[0];

  private ClientTls() {}

  /**
   * @throws GeneralSecurityException when a certificate or key cannot be used
   */
  static SSLContext context(Kubeconfig kubeconfig) throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys(kubeconfig.auth()), trust(kubeconfig), null);
    return kubeconfig.tlsServerName().isEmpty()
        ? context
        : new NamedServerContext(context, kubeconfig.tlsServerName());
  }

  private static KeyManager @Nullable [] keys(Kubeconfig.Auth auth)
      throws GeneralSecurityException {
    if (!(auth instanceof Kubeconfig.ClientCertificate pair)) {
      return null;
    }
    KeyStore store = empty();
    List<X509Certificate> chain = PemKeys.certificates(pair.certificatePem());
    store.setKeyEntry(
        "client",
        PemKeys.privateKey(pair.keyPem()),
        NO_PASSWORD,
        chain.toArray(Certificate[]::new));
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, NO_PASSWORD);
    return factory.getKeyManagers();
  }

  private static TrustManager[] trust(Kubeconfig kubeconfig) throws GeneralSecurityException {
    if (kubeconfig.insecureSkipTlsVerify()) {
      return new TrustManager[] {new Unchecked()};
    }
    KeyStore store = null;
    if (!kubeconfig.caPem().isEmpty()) {
      store = empty();
      int index = 0;
      for (X509Certificate certificate : PemKeys.certificates(kubeconfig.caPem())) {
        store.setCertificateEntry("ca-" + index++, certificate);
      }
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  private static KeyStore empty() throws GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try {
      store.load(null, null);
    } catch (IOException e) {
      throw new IllegalStateException("an empty key store reads nothing", e);
    }
    return store;
  }

  /** Only where {@code insecure-skip-tls-verify} is asked for and allowed. */
  private static final class Unchecked extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
