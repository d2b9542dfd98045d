package io.portolan.registry.source.kubernetes;

import io.portolan.registry.source.kubernetes.membership.PemKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Objects;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** Keys and certificates of the tests. The server's is for api.internal and not for loopback. */
public final class TestTls {
  private TestTls() {}

  /** A file of the test resources. */
  public static String pem(String name) {
    try (var in = TestTls.class.getResourceAsStream("/tls/" + name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new IllegalStateException(name, e);
    }
  }

  /** The server's certificate. */
  public static X509Certificate server() throws Exception {
    return PemKeys.certificates(pem("server.pem")).getFirst();
  }

  /** A context that shows the server's certificate. */
  public static SSLContext context() throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry(
        "server", PemKeys.privateKey(pem("server.key")), new char[0], new Certificate[] {server()});
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }
}
