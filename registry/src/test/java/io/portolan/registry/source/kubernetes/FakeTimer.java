package io.portolan.registry.source.kubernetes;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Delayed;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * A clock with a timer on it: nothing happens until it is moved. Tasks run on the mover's thread.
 */
final class FakeTimer extends AbstractExecutorService
    implements ScheduledExecutorService, InstantSource {
  private final List<Task> tasks = new ArrayList<>();
  private long now;

  private static final class Task extends CompletableFuture<Void> implements ScheduledFuture<Void> {
    final Runnable work;
    final long period;
    long due;

    Task(Runnable work, long due, long period) {
      this.work = work;
      this.due = due;
      this.period = period;
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(due, TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }
  }

  @Override
  public synchronized Instant instant() {
    return Instant.EPOCH.plusNanos(now);
  }

  /** Moves the clock and runs what is due on the way, in order. */
  void move(Duration by) {
    long end;
    synchronized (this) {
      end = now + by.toNanos();
    }
    while (true) {
      Task due;
      synchronized (this) {
        tasks.removeIf(CompletableFuture::isDone);
        due =
            tasks.stream()
                .filter(t -> t.due <= end)
                .min(Comparator.comparingLong(t -> t.due))
                .orElse(null);
        if (due == null) {
          now = end;
          return;
        }
        now = Math.max(now, due.due);
        if (due.period > 0) {
          due.due += due.period;
        } else {
          tasks.remove(due);
        }
      }
      due.work.run();
    }
  }

  /** Tasks that run once and are still to come. */
  synchronized List<Duration> pauses() {
    tasks.removeIf(CompletableFuture::isDone);
    return tasks.stream()
        .filter(t -> t.period == 0)
        .map(t -> Duration.ofNanos(t.due - now))
        .toList();
  }

  private synchronized Task add(Runnable work, long delay, long period, TimeUnit unit) {
    Task task = new Task(work, now + unit.toNanos(delay), unit.toNanos(period));
    tasks.add(task);
    notifyAll();
    return task;
  }

  /**
   * Waits until a task that runs once is to come, and runs it. The result is how long it waited.
   */
  Duration runNext() throws InterruptedException {
    Duration pause;
    synchronized (this) {
      long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (pauses().isEmpty()) {
        long left = TimeUnit.NANOSECONDS.toMillis(limit - System.nanoTime());
        if (left <= 0) {
          throw new AssertionError("no pause was begun in 20 s");
        }
        wait(left);
      }
      pause = pauses().getFirst();
    }
    move(pause);
    return pause;
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return add(command, delay, 0, unit);
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable command, long initialDelay, long period, TimeUnit unit) {
    return add(command, initialDelay, period, unit);
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable command, long initialDelay, long delay, TimeUnit unit) {
    return add(command, initialDelay, delay, unit);
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void execute(Runnable command) {
    Thread.ofVirtual().start(command);
  }

  @Override
  public void shutdown() {}

  @Override
  public List<Runnable> shutdownNow() {
    return List.of();
  }

  @Override
  public boolean isShutdown() {
    return false;
  }

  @Override
  public boolean isTerminated() {
    return false;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return true;
  }
}
