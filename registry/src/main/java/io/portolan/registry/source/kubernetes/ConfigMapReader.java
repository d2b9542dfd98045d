package io.portolan.registry.source.kubernetes;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.RequestConfig;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.portolan.registry.source.kubernetes.ReadState.Ending;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the ConfigMaps of one name, in one namespace or in all of them: a list and a watch, taken
 * up again for ever, until it is closed. An account may be limited to that name: the field selector
 * on it is what Kubernetes compares with {@code resourceNames} of a role. Safe for any thread.
 */
public final class ConfigMapReader implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ConfigMapReader.class);
  private static final ReadState PAGED = new ReadState("", false, true, 0, 0, 0, 0);
  private static final int QUIET_CHECKS = 4;
  private static final Duration IDLE = Duration.ofSeconds(1);

  private final String cluster;
  private final String server;
  private final String path;
  private final String selector;
  private final HttpClient http;
  private final ReaderSettings settings;
  private final Sink sink;
  private final ScheduledExecutorService timer;
  private final InstantSource clock;
  private final RandomGenerator random;
  private ReadState state = PAGED;
  private @Nullable Request request;
  private @Nullable ScheduledFuture<?> waiting;
  private String problem = "";
  private boolean closed;

  /** Takes what is read, under the lock of the reading: it must not wait for anything. */
  public interface Sink {
    /** These are all of them, by namespace. */
    void listed(Map<String, ConfigMapObject> all);

    /** One looks like this now. */
    void put(ConfigMapObject map);

    /** The one of this namespace is gone. */
    void removed(String namespace);

    /**
     * A request failed; the reader goes on trying.
     *
     * @param forbidden the account may not read them
     */
    void failed(String reason, boolean forbidden);
  }

  /**
   * Which ConfigMaps.
   *
   * @param namespace empty for all
   */
  public record Which(String namespace, String name) {
    @Override
    public String toString() {
      return "ConfigMap " + (namespace.isEmpty() ? "*" : namespace) + "/" + name;
    }
  }

  /**
   * @param cluster id, for the log
   * @param client of the cluster, speaking HTTP/1.1; stays open
   * @param timer for pauses and for noticing silence; stays the caller's and must outlive the
   *     reader
   */
  public ConfigMapReader(
      String cluster,
      KubernetesClient client,
      Which which,
      ReaderSettings settings,
      Sink sink,
      ScheduledExecutorService timer,
      InstantSource clock,
      RandomGenerator random) {
    Config config = client.getConfiguration();
    RequestConfig once =
        new RequestConfigBuilder(config.getRequestConfig()).withRequestRetryBackoffLimit(0).build();
    String base = config.getMasterUrl();
    this.cluster = cluster;
    this.server = base.endsWith("/") ? base.substring(0, base.length() - 1) : base;
    this.path =
        which.namespace().isEmpty()
            ? "/api/v1/configmaps"
            : "/api/v1/namespaces/" + which.namespace() + "/configmaps";
    this.selector = "&fieldSelector=" + ApiResource.encoded("metadata.name=" + which.name());
    this.http = client.getHttpClient().newBuilder().tag(once).build();
    this.settings = settings;
    this.sink = sink;
    this.timer = timer;
    this.clock = clock;
    this.random = random;
  }

  /** Sends the first request. */
  public synchronized void start() {
    next(Duration.ZERO);
  }

  /** Ends it; the sink is not called again. */
  @Override
  public synchronized void close() {
    closed = true;
    if (waiting != null) {
      waiting.cancel(false);
    }
    if (request != null) {
      request.end();
    }
  }

  private void next(Duration pause) {
    if (closed) {
      return;
    }
    if (pause.isZero()) {
      send();
    } else {
      waiting = timer.schedule(this::waited, pause.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  private synchronized void waited() {
    if (!closed) {
      send();
    }
  }

  private void send() {
    waiting = null;
    if (state.lists()) {
      page(new HashMap<>(), "");
      return;
    }
    long seconds =
        random.nextLong(settings.watchLeast().toSeconds(), settings.watchMost().toSeconds() + 1);
    new Request(null)
        .open(
            "watch=true&allowWatchBookmarks=true&resourceVersion="
                + ApiResource.encoded(state.version())
                + "&timeoutSeconds="
                + seconds);
  }

  private void page(Map<String, ConfigMapObject> listing, String token) {
    String place =
        token.isEmpty()
            ? state.fromCache() ? "&resourceVersion=0" : ""
            : "&continue=" + ApiResource.encoded(token);
    new Request(listing).open("limit=" + settings.pageSize() + place);
  }

  private void finish(Request of, Ending ending) {
    if (request != of) {
      return;
    }
    of.end();
    ReadState.Turn turn = state.after(ending, 1, settings, random.nextDouble());
    state = turn.state();
    next(turn.pause());
  }

  private void failed(Request of, String reason, Duration least, boolean forbidden) {
    if (request != of) {
      return;
    }
    String told = (state.lists() ? "list " : "watch ") + path + ": " + reason;
    if (!told.equals(problem)) {
      problem = told;
      LOG.warn("ConfigMaps not read cluster={} reason=\"{}\"", cluster, told);
    }
    sink.failed(told, forbidden);
    finish(of, new Ending.Failed(least));
  }

  private void settled() {
    if (!problem.isEmpty()) {
      problem = "";
      LOG.info("ConfigMaps read again cluster={} path={}", cluster, path);
    }
  }

  /** One request; its calls count while it is the present one. */
  private final class Request implements Exchange.Receiver {
    private final @Nullable Map<String, ConfigMapObject> listing;
    private final Exchange exchange;
    private @Nullable ScheduledFuture<?> check;
    private @Nullable Instant answered;
    private boolean heardAny;
    private int quiet;

    Request(@Nullable Map<String, ConfigMapObject> listing) {
      this.listing = listing;
      this.exchange =
          new Exchange(listing == null ? JsonFrames.Shape.OBJECTS : JsonFrames.Shape.LIST, this);
    }

    void open(String query) {
      request = this;
      long nanos = settings.silence().toNanos() / QUIET_CHECKS;
      check = timer.scheduleAtFixedRate(this::check, nanos, nanos, TimeUnit.NANOSECONDS);
      exchange.open(http, URI.create(server + path + "?" + query + selector));
    }

    void end() {
      request = null;
      if (check != null) {
        check.cancel(false);
      }
      exchange.cancel();
    }

    private void check() {
      synchronized (ConfigMapReader.this) {
        if (request != this || ++quiet < QUIET_CHECKS) {
          return;
        }
        String reason = "silence for " + settings.silence().toSeconds() + " s";
        if (answered == null || listing != null) {
          failed(this, reason, Duration.ZERO, false);
        } else {
          // The server may have lost its state, and wait for a version from the future.
          finish(this, new Ending.Expired());
        }
      }
    }

    @Override
    public void answered() {
      synchronized (ConfigMapReader.this) {
        if (request == this) {
          answered = clock.instant();
          quiet = 0;
          if (listing == null) {
            state = state.answered();
            settled();
          }
        }
      }
    }

    @Override
    public void heard() {
      synchronized (ConfigMapReader.this) {
        if (request == this) {
          quiet = 0;
          heardAny = true;
        }
      }
    }

    @Override
    public void frame(byte[] bytes, int length, long size) {
      synchronized (ConfigMapReader.this) {
        if (request != this) {
          return;
        }
        Map<String, ConfigMapObject> list = listing;
        if (list == null) {
          event(JsonTrees.event(bytes, length, ConfigMapObject.KEEP));
          return;
        }
        JsonTrees.Parsed parsed = JsonTrees.object(bytes, length, ConfigMapObject.KEEP);
        if (parsed.tree() == null || length != size) {
          failed(this, "an item cannot be read: " + parsed.problem(), Duration.ZERO, false);
        } else {
          ConfigMapObject map = ConfigMapObject.of(parsed.tree());
          list.put(map.namespace(), map);
        }
      }
    }

    private void event(JsonTrees.Parsed parsed) {
      var object = JsonTrees.at(parsed.tree(), "object");
      ConfigMapObject map = ConfigMapObject.of(object);
      String version = map.version();
      switch (parsed.known("type")) {
        case "BOOKMARK" -> {
          if (Versions.older(version, state.version())) {
            finish(this, new Ending.Expired());
          } else if (!version.isEmpty()) {
            state = state.progressed(version);
          }
        }
        case "ADDED", "MODIFIED" -> {
          state = state.progressed(version);
          sink.put(map);
        }
        case "DELETED" -> {
          state = state.progressed(version);
          sink.removed(map.namespace());
        }
        case "ERROR" -> {
          String code = JsonTrees.text(object, "code");
          if (code.equals(String.valueOf(HttpURLConnection.HTTP_GONE))) {
            finish(this, new Ending.Expired());
          } else {
            failed(
                this,
                "error " + code + ": " + JsonTrees.text(object, "message"),
                Duration.ZERO,
                false);
          }
        }
        default -> {
          LOG.warn("ConfigMaps listed again cluster={} reason=\"{}\"", cluster, parsed.problem());
          finish(this, new Ending.Expired());
        }
      }
    }

    @Override
    public void ended(boolean whole, byte[] envelope) {
      synchronized (ConfigMapReader.this) {
        if (request != this) {
          return;
        }
        Map<String, ConfigMapObject> list = listing;
        if (list == null) {
          Instant since = answered;
          boolean idle = !heardAny && since != null && clock.instant().isBefore(since.plus(IDLE));
          finish(this, new Ending.Closed(idle));
          return;
        }
        JsonTrees.Parsed parsed = JsonTrees.object(envelope, envelope.length, Keep.ALL);
        String version = parsed.known("resourceVersion");
        String token = parsed.known("continue");
        if (!whole || version.isEmpty()) {
          failed(this, "the list is not complete " + parsed.problem(), Duration.ZERO, false);
        } else if (token.isEmpty()) {
          settled();
          sink.listed(list);
          finish(this, new Ending.Listed(version));
        } else {
          end();
          page(list, token);
        }
      }
    }

    @Override
    public void refused(int code, String message, Duration least) {
      synchronized (ConfigMapReader.this) {
        if (request != this) {
          return;
        }
        String said = code + (message.isEmpty() ? "" : ": " + message);
        switch (code) {
          case HttpURLConnection.HTTP_GONE -> finish(this, new Ending.Expired());
          case HttpURLConnection.HTTP_FORBIDDEN -> failed(this, said, least, true);
          default -> failed(this, said, least, false);
        }
      }
    }

    @Override
    public void broken(String reason) {
      synchronized (ConfigMapReader.this) {
        failed(this, reason, Duration.ZERO, false);
      }
    }
  }
}
