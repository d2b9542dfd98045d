package io.portolan.server;

import io.portolan.registry.image.Concern;
import io.portolan.registry.image.RegistryImage;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One log line when something of concern appears in the federation, and one when it is gone. */
final class ConcernLog implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ConcernLog.class);

  private final Supplier<RegistryImage> image;
  private final Supplier<List<Concern>> members;
  private final ScheduledExecutorService thread;
  private long seen = -1;
  private List<Concern> inImage = List.of();
  private Set<Concern> known = Set.of();

  ConcernLog(
      Supplier<RegistryImage> image,
      Supplier<List<Concern>> members,
      ScheduledExecutorService thread) {
    this.image = image;
    this.members = members;
    this.thread = thread;
  }

  void start(Duration interval) {
    var _ =
        thread.scheduleWithFixedDelay(
            this::look, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void look() {
    RegistryImage now = image.get();
    if (now.generation() != seen) {
      seen = now.generation();
      inImage = Concern.of(now);
    }
    Set<Concern> next = new HashSet<>(inImage);
    next.addAll(members.get());
    for (Concern concern : next) {
      if (!known.contains(concern)) {
        LOG.warn("of concern about=\"{}\" what=\"{}\"", concern.about(), concern.text());
      }
    }
    for (Concern concern : known) {
      if (!next.contains(concern)) {
        LOG.info("of concern no more about=\"{}\" what=\"{}\"", concern.about(), concern.text());
      }
    }
    known = next;
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
