package io.portolan.registry.source.kubernetes;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.RequestConfig;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.model.Kind;
import io.portolan.registry.source.objects.Finding;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.random.RandomGenerator;

/**
 * Reads one cluster's API server: a list and a watch for each kind, taken up again for ever, until
 * it is closed. Reports what it sees to a feed. Safe for any thread.
 */
public final class ClusterReader implements AutoCloseable {
  private static final int INTERNED = 50_000;
  private static final int MAX_FINDINGS = 1_000;

  private final String cluster;
  private final ClusterFeed feed;
  private final Map<Kind, Reflector> reflectors = new EnumMap<>(Kind.class);

  /**
   * @param cluster id of the cluster
   * @param client where it is and with which credential; stays the caller's. It must speak
   *     HTTP/1.1, one connection for each watch, so that giving up a silent watch gives up its
   *     connection too. Over HTTP/2 all watches would hang on one dead connection until TCP notices
   * @param kinds what to read
   * @param feed where to report; called under the lock of a kind's reading
   * @param timer for pauses and for noticing silence; stays the caller's and must outlive the
   *     reader
   * @param random spreads pauses and the lengths of watches
   */
  public ClusterReader(
      String cluster,
      KubernetesClient client,
      Set<Kind> kinds,
      ReaderSettings settings,
      ClusterFeed feed,
      ScheduledExecutorService timer,
      InstantSource clock,
      RandomGenerator random) {
    this.cluster = cluster;
    Config config = client.getConfiguration();
    if (!config.isHttp2Disable()) {
      throw new IllegalArgumentException("the client of " + cluster + " speaks HTTP/2");
    }
    this.feed = feed;
    RequestConfig once =
        new RequestConfigBuilder(config.getRequestConfig()).withRequestRetryBackoffLimit(0).build();
    ClusterLink link =
        new ClusterLink(
            cluster,
            config.getMasterUrl(),
            client.getHttpClient().newBuilder().tag(once).build(),
            settings,
            feed,
            timer,
            clock,
            random,
            new Interner(INTERNED),
            () -> timer.execute(this::wake));
    for (Kind kind : kinds.isEmpty() ? Set.<Kind>of() : EnumSet.copyOf(kinds)) {
      reflectors.put(kind, new Reflector(link, ApiResource.of(kind)));
    }
  }

  /** Sends the first request of each kind. */
  public void start() {
    reflectors.values().forEach(Reflector::start);
  }

  /** Lists the kinds again that wait for a second word. To be called every few seconds. */
  public void confirm() {
    for (Kind kind : feed.unconfirmed()) {
      Reflector reflector = reflectors.get(kind);
      if (reflector != null) {
        reflector.confirm();
      }
    }
  }

  private void wake() {
    reflectors.values().forEach(Reflector::wake);
  }

  /** Id of the cluster. */
  public String cluster() {
    return cluster;
  }

  /** How the reading of each kind goes, in order of kind. */
  public List<KindStatus> status() {
    return reflectors.values().stream().map(Reflector::status).toList();
  }

  /** What is wrong with the cluster's objects and with reading them, in order of API path. */
  public List<Finding> findings() {
    List<Finding> all = new ArrayList<>();
    reflectors.values().forEach(r -> all.addAll(r.findings()));
    all.sort(null);
    if (all.size() <= MAX_FINDINGS) {
      return List.copyOf(all);
    }
    List<Finding> some = new ArrayList<>(all.subList(0, MAX_FINDINGS));
    some.add(
        new Finding(
            Finding.Severity.WARNING,
            "/",
            0,
            "",
            "",
            "and " + (all.size() - MAX_FINDINGS) + " more findings in cluster " + cluster));
    return List.copyOf(some);
  }

  /** Ends all requests; the feed is not called again. */
  @Override
  public void close() {
    reflectors.values().forEach(Reflector::close);
  }
}
