package io.portolan.registry.loader;

import io.portolan.registry.change.Change;
import io.portolan.registry.change.ChangeSink;
import io.portolan.registry.image.ImageChange;
import io.portolan.registry.image.RegistryDelta;
import io.portolan.registry.image.RegistryImage;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The registry loop. Changes gather in one pending delta, which holds one entry per object and so
 * is bounded by the size of the mesh; the loop thread takes it whole, applies it and hands the step
 * to the reader. Nothing is handed on before every named source has synced.
 */
public final class RegistryLoader implements ChangeSink, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RegistryLoader.class);

  private final Consumer<ImageChange> reader;
  private final Object lock = new Object();
  private final Set<String> unsynced;
  private final Thread thread;
  private RegistryDelta pending = new RegistryDelta();
  private boolean closed;
  private volatile RegistryImage current = RegistryImage.empty();
  private volatile boolean ready;
  private final AtomicLong rejected = new AtomicLong();

  /**
   * @param sources names of the sources that must sync before the first publication
   * @param reader called on the loop thread with each step; must not block
   */
  public RegistryLoader(Set<String> sources, Consumer<ImageChange> reader) {
    this.reader = reader;
    this.unsynced = new HashSet<>(sources);
    this.thread = Thread.ofPlatform().daemon().name("registry-loop").unstarted(this::loop);
  }

  /** Starts the loop. */
  public void start() {
    thread.start();
  }

  @Override
  public void offer(String source, List<Change> changes) {
    synchronized (lock) {
      changes.forEach(pending::add);
      lock.notifyAll();
    }
  }

  @Override
  public void synced(String source) {
    synchronized (lock) {
      if (unsynced.remove(source)) {
        LOG.info("source synced source={} waiting={}", source, unsynced);
        lock.notifyAll();
      }
    }
  }

  /** The last published image. */
  public RegistryImage current() {
    return current;
  }

  /** True once every source has synced and the first image was published. */
  public boolean ready() {
    return ready;
  }

  /** Names of the sources that have not synced yet. */
  public Set<String> waitingFor() {
    synchronized (lock) {
      return Set.copyOf(unsynced);
    }
  }

  private void loop() {
    try {
      while (round()) {
        // Between rounds no delta is held: a large one would stay in memory until the next change.
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean round() throws InterruptedException {
    RegistryDelta delta = take();
    if (delta == null) {
      return false;
    }
    step(delta);
    return true;
  }

  private void step(RegistryDelta delta) {
    ImageChange change = applied(delta, current);
    if (change == null) {
      return;
    }
    // Also what nobody can see yet, such as a slice whose service is still to come.
    boolean seen = !ready || !change.isEmpty();
    current = change.after();
    ready = true;
    if (!seen) {
      return;
    }
    try {
      reader.accept(change);
    } catch (RuntimeException e) {
      LOG.error("reader of images failed generation={}", current.generation(), e);
    }
  }

  /**
   * The step of a delta. A poisoned object must not cost the others: where a delta cannot be
   * applied, its halves are, and what cannot be taken apart any further is rejected.
   */
  private @Nullable ImageChange applied(RegistryDelta delta, RegistryImage from) {
    try {
      return delta.apply(from);
    } catch (RuntimeException e) {
      List<RegistryDelta> halves = delta.halves();
      if (halves.isEmpty()) {
        rejected.incrementAndGet();
        LOG.error("rejected, the last image stays for it change=\"{}\"", delta, e);
        return null;
      }
      ImageChange first = applied(halves.getFirst(), from);
      ImageChange second = applied(halves.getLast(), first == null ? from : first.after());
      return first == null ? second : second == null ? first : first.and(second);
    }
  }

  /** How many changes could not be applied since the start. */
  public long rejected() {
    return rejected.get();
  }

  private @Nullable RegistryDelta take() throws InterruptedException {
    synchronized (lock) {
      while (!closed && !(unsynced.isEmpty() && (!ready || !pending.isEmpty()))) {
        lock.wait();
      }
      if (closed) {
        return null;
      }
      RegistryDelta taken = pending;
      pending = new RegistryDelta();
      return taken;
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
  }
}
