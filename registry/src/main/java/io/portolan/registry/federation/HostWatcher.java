package io.portolan.registry.federation;

import io.portolan.registry.change.Change;
import io.portolan.registry.change.ChangeSink;
import io.portolan.registry.image.RegistryImage;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the host names of gateways and cloud balancers: what they lead to enters the image as a
 * change. At most one question per name is under way.
 */
public final class HostWatcher implements AutoCloseable {
  /** Name of this source. */
  public static final String SOURCE = "host-names";

  private static final Logger LOG = LoggerFactory.getLogger(HostWatcher.class);

  private final Supplier<RegistryImage> image;
  private final ChangeSink sink;
  private final HostResolver resolver;
  private final Executor questions;
  private final ScheduledExecutorService timer;
  private final InstantSource clock;
  private final Map<String, HostState> states = new ConcurrentHashMap<>();
  private final Set<String> underWay = ConcurrentHashMap.newKeySet();

  /**
   * @param image the current image
   * @param sink where addresses go
   * @param resolver how a name is asked for
   * @param questions runs blocking questions, one task each
   * @param timer runs the rounds; owned by this from now on
   */
  public HostWatcher(
      Supplier<RegistryImage> image,
      ChangeSink sink,
      HostResolver resolver,
      Executor questions,
      ScheduledExecutorService timer,
      InstantSource clock) {
    this.image = image;
    this.sink = sink;
    this.resolver = resolver;
    this.questions = questions;
    this.timer = timer;
    this.clock = clock;
  }

  /** Starts the rounds, one per {@code interval}. */
  public void start(Duration interval) {
    var _ =
        timer.scheduleWithFixedDelay(this::round, 0, interval.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** One round: forgets names that nobody needs, asks for those that are due. */
  public void round() {
    NavigableSet<String> wanted = image.get().hostsToResolve();
    for (String host : List.copyOf(states.keySet())) {
      if (!wanted.contains(host)) {
        states.remove(host);
        sink.offer(SOURCE, List.of(new Change.HostAddresses(host, List.of())));
      }
    }
    for (String host : wanted) {
      if (states.getOrDefault(host, HostState.INITIAL).due(clock.instant()) && underWay.add(host)) {
        questions.execute(() -> ask(host));
      }
    }
  }

  private void ask(String host) {
    try {
      HostResolver.Answer answer = resolver.resolve(host);
      HostState old = states.getOrDefault(host, HostState.INITIAL);
      HostState next = old.after(answer, clock.instant());
      states.put(host, next);
      if (!next.addresses().equals(old.addresses())) {
        if (next.addresses().isEmpty()) {
          LOG.warn("host name gone host={} before={}", host, old.addresses());
        } else {
          LOG.info("host name resolved host={} addresses={}", host, next.addresses());
        }
        sink.offer(SOURCE, List.of(new Change.HostAddresses(host, next.addresses())));
      }
      if (next.failures() > 0 && !next.problem().equals(old.problem())) {
        LOG.warn(
            "host name not resolved, last addresses stay host={} addresses={} reason=\"{}\"",
            host,
            next.addresses(),
            next.problem());
      }
    } finally {
      underWay.remove(host);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
