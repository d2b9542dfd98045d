package io.portolan.registry.federation;

import io.portolan.registry.change.Change;
import io.portolan.registry.change.ChangeSink;
import io.portolan.registry.image.NetworkGateway;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.MeshSettings;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Probes every gateway of the current image and offers a change when the conclusion about one
 * changes. At most one probe per gateway is under way.
 */
public final class GatewayProber implements AutoCloseable {
  /** Name of this source. */
  public static final String SOURCE = "gateway-probe";

  private static final Logger LOG = LoggerFactory.getLogger(GatewayProber.class);

  private final Supplier<RegistryImage> image;
  private final ChangeSink sink;
  private final Probe probe;
  private final Executor probes;
  private final Map<NetworkGateway.Key, GatewayHealthState> states = new ConcurrentHashMap<>();
  private final Map<NetworkGateway.Key, Boolean> underWay = new ConcurrentHashMap<>();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("gateway-probe-timer").factory());

  /**
   * @param image the current image
   * @param sink where conclusions go
   * @param probe how a gateway is asked
   * @param probes runs blocking probes, one task per probe
   */
  public GatewayProber(
      Supplier<RegistryImage> image, ChangeSink sink, Probe probe, Executor probes) {
    this.image = image;
    this.sink = sink;
    this.probe = probe;
    this.probes = probes;
  }

  /** Starts the rounds; the interval is read from the settings before each round. */
  public void start() {
    next();
  }

  private void next() {
    long delay = Math.max(10, image.get().settings().probe().interval().toMillis());
    try {
      var _ = timer.schedule(this::roundThenNext, delay, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOG.debug("gateway probing ended");
    }
  }

  private void roundThenNext() {
    try {
      round();
    } finally {
      next();
    }
  }

  /** One round: starts a probe of every gateway that has none under way. */
  public void round() {
    RegistryImage now = image.get();
    MeshSettings.GatewayProbe settings = now.settings().probe();
    if (!settings.enabled()) {
      return;
    }
    List<NetworkGateway.Key> keys =
        now.gateways().values().stream()
            .flatMap(List::stream)
            .filter(NetworkGateway::resolved)
            .map(NetworkGateway::key)
            .toList();
    states.keySet().retainAll(keys);
    for (NetworkGateway.Key key : keys) {
      if (underWay.putIfAbsent(key, true) == null) {
        probes.execute(() -> ask(key, settings));
      }
    }
  }

  private void ask(NetworkGateway.Key key, MeshSettings.GatewayProbe settings) {
    try {
      ProbeResult result = probe.probe(key.address(), key.port(), settings.timeout());
      GatewayHealthState old = states.getOrDefault(key, GatewayHealthState.INITIAL);
      GatewayHealthState next = old.after(result, settings);
      states.put(key, next);
      if (next.up() != old.up()) {
        LOG.warn(
            "gateway {} network={} address={}:{} reason=\"{}\"",
            next.up() ? "up" : "down",
            key.network(),
            key.address(),
            key.port(),
            next.reason());
      }
      if (next.up() != old.up() || !next.reason().equals(old.reason())) {
        sink.offer(
            SOURCE,
            List.of(
                new Change.GatewayHealth(
                    key.network(), key.address(), key.port(), next.up(), next.reason())));
      }
    } finally {
      underWay.remove(key);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
