package io.portolan.registry.source.kubernetes.membership;

import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientImpl;
import java.net.Authenticator;
import java.net.CookieHandler;
import java.net.InetAddress;
import java.net.ProxySelector;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

/**
 * HTTP straight to one server, over its own TLS context: no proxy, no redirect. Closing it ends its
 * threads at once; a client of the JDK that is only dropped keeps them until it is collected.
 */
final class DirectHttp extends JdkHttpClientFactory {
  private final SSLContext tls;
  private final List<HttpClient> built = new CopyOnWriteArrayList<>();
  private final ExecutorService executor =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("kubernetes-client").factory());

  DirectHttp(SSLContext tls) {
    this.tls = tls;
  }

  @Override
  protected HttpClient.Builder createNewHttpClientBuilder() {
    return new Remembering(HttpClient.newBuilder().executor(executor));
  }

  @Override
  protected void additionalConfig(HttpClient.Builder builder) {
    builder
        .sslContext(tls)
        .proxy(ProxySelector.of(null))
        .followRedirects(HttpClient.Redirect.NEVER);
  }

  @Override
  protected void closeHttpClient(JdkHttpClientImpl client) {
    built.forEach(HttpClient::shutdownNow);
    executor.shutdown();
  }

  /** Keeps what it builds, to shut it down. */
  private final class Remembering implements HttpClient.Builder {
    private final HttpClient.Builder builder;

    Remembering(HttpClient.Builder builder) {
      this.builder = builder;
    }

    @Override
    public HttpClient build() {
      HttpClient client = builder.build();
      built.add(client);
      return client;
    }

    @Override
    public HttpClient.Builder cookieHandler(CookieHandler handler) {
      builder.cookieHandler(handler);
      return this;
    }

    @Override
    public HttpClient.Builder connectTimeout(Duration timeout) {
      builder.connectTimeout(timeout);
      return this;
    }

    @Override
    public HttpClient.Builder sslContext(SSLContext context) {
      builder.sslContext(context);
      return this;
    }

    @Override
    public HttpClient.Builder sslParameters(SSLParameters parameters) {
      builder.sslParameters(parameters);
      return this;
    }

    @Override
    public HttpClient.Builder executor(Executor other) {
      builder.executor(other);
      return this;
    }

    @Override
    public HttpClient.Builder followRedirects(HttpClient.Redirect policy) {
      builder.followRedirects(policy);
      return this;
    }

    @Override
    public HttpClient.Builder version(HttpClient.Version version) {
      builder.version(version);
      return this;
    }

    @Override
    public HttpClient.Builder priority(int priority) {
      builder.priority(priority);
      return this;
    }

    @Override
    public HttpClient.Builder proxy(ProxySelector selector) {
      builder.proxy(selector);
      return this;
    }

    @Override
    public HttpClient.Builder authenticator(Authenticator authenticator) {
      builder.authenticator(authenticator);
      return this;
    }

    @Override
    public HttpClient.Builder localAddress(InetAddress address) {
      builder.localAddress(address);
      return this;
    }
  }
}
