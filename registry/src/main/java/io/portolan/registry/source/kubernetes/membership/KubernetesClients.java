package io.portolan.registry.source.kubernetes.membership;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/**
 * Makes clients from kubeconfigs. Nothing else goes into a client: no environment variable, no
 * {@code ~/.kube/config}, no system property, no proxy, no redirect to somewhere else.
 */
public final class KubernetesClients {
  private final ClientSettings settings;
  private final InstantSource clock;

  /**
   * @param clock ages the copies of token files
   */
  public KubernetesClients(ClientSettings settings, InstantSource clock) {
    this.settings = settings;
    this.clock = clock;
  }

  /** Asks DNS; one step that tests replace. */
  interface Resolver {
    List<InetAddress> resolve(String host) throws UnknownHostException;
  }

  /**
   * Makes a client; nothing is sent yet. Whoever asked closes it.
   *
   * @throws IOException when its certificates or keys cannot be used
   */
  public KubernetesClient open(Kubeconfig kubeconfig, Interceptor... more) throws IOException {
    SSLContext tls;
    try {
      tls = ClientTls.context(kubeconfig);
    } catch (GeneralSecurityException e) {
      throw new IOException("no TLS to " + kubeconfig.server() + ": " + e.getMessage(), e);
    }
    Config config = config(kubeconfig);
    AddressCheck check = new AddressCheck(host -> List.of(InetAddress.getAllByName(host)));
    return new KubernetesClientBuilder()
        .withConfig(config)
        .withHttpClientFactory(new DirectHttp(tls))
        .withHttpClientBuilderConsumer(
            builder -> {
              builder.addOrReplaceInterceptor("portolan-address", check);
              for (Interceptor interceptor : more) {
                builder.addOrReplaceInterceptor(interceptor.getClass().getName(), interceptor);
              }
            })
        .build();
  }

  /**
   * Makes a client by the current context of a file.
   *
   * @throws IOException with every reason why it is refused, or when it cannot be read
   */
  public KubernetesClient open(Path file) throws IOException {
    return switch (KubeconfigParser.parse(Files.readString(file), KubeconfigRules.file(file))) {
      case KubeconfigParser.Usable usable -> open(usable.config());
      case KubeconfigParser.Refused refused ->
          throw new IOException(file + ": " + String.join("; ", refused.reasons()));
    };
  }

  private Config config(Kubeconfig kubeconfig) {
    ConfigBuilder builder =
        new ConfigBuilder(Config.empty())
            .withAutoConfigure(false)
            .withMasterUrl(kubeconfig.server().toString())
            .withNamespace(kubeconfig.namespace())
            .withUserAgent(settings.userAgent())
            .withConnectionTimeout((int) settings.connectTimeout().toMillis())
            .withRequestTimeout((int) settings.requestTimeout().toMillis())
            .withOnlyHttpWatches(true)
            // A connection for each watch: giving up a silent one gives up its connection.
            .withHttp2Disable(true)
            // Readers have a back-off of their own; a hidden one would hide how a cluster is.
            .withRequestRetryBackoffLimit(0);
    switch (kubeconfig.auth()) {
      case Kubeconfig.Token t -> builder.withOauthToken(t.token());
      case Kubeconfig.TokenFile f ->
          builder.withOauthTokenProvider(new TokenFiles(f.file(), clock));
      case Kubeconfig.Basic b -> builder.withUsername(b.user()).withPassword(b.password());
      case Kubeconfig.ClientCertificate c -> {
        // Part of the TLS context.
      }
    }
    return builder.build();
  }

  /**
   * Looks at the addresses of a server before every request: a name may resolve to what a literal
   * would have been refused for.
   */
  static final class AddressCheck implements Interceptor {
    private final Resolver resolver;

    AddressCheck(Resolver resolver) {
      this.resolver = resolver;
    }

    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
      Optional<String> reason = refused(request.uri());
      if (reason.isPresent()) {
        throw new UncheckedIOException(
            new IOException(request.uri().getHost() + " is refused: " + reason.get()));
      }
    }

    Optional<String> refused(URI uri) {
      String host = uri.getHost();
      try {
        for (InetAddress address : resolver.resolve(host)) {
          Optional<String> reason = ServerAddresses.refused(address);
          if (reason.isPresent()) {
            return reason;
          }
        }
      } catch (UnknownHostException e) {
        // The connection attempt says so in the caller's terms.
        return Optional.empty();
      }
      return Optional.empty();
    }
  }
}
