package io.portolan.registry.source.kubernetes;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** A scheduler whose time passes only when the test says so; tasks run on the test's thread. */
public final class StepScheduler extends AbstractExecutorService
    implements ScheduledExecutorService {
  private final List<Task> tasks = new ArrayList<>();
  private long now;
  private long order;
  private boolean shut;

  /** Runs what is due, until nothing is. */
  public void run() {
    advance(Duration.ZERO);
  }

  /** Lets time pass and runs what becomes due, in order. */
  public void advance(Duration by) {
    long until = now + by.toNanos();
    while (true) {
      Task next =
          tasks.stream()
              .filter(t -> t.at <= until)
              .min(Comparator.comparingLong((Task t) -> t.at).thenComparingLong(t -> t.number))
              .orElse(null);
      if (next == null) {
        now = until;
        return;
      }
      tasks.remove(next);
      now = Math.max(now, next.at);
      next.fire();
    }
  }

  /** How many tasks wait. */
  public int waiting() {
    return tasks.size();
  }

  /** Nanoseconds that have passed. */
  public long now() {
    return now;
  }

  private final class Task extends FutureTask<Object> implements ScheduledFuture<Object> {
    private long at;
    private final long period;
    private final long number = order++;

    Task(Runnable work, long delay, long period) {
      super(work, null);
      this.at = now + delay;
      this.period = period;
    }

    void fire() {
      if (period == 0) {
        run();
      } else if (runAndReset() && !shut) {
        at = now + period;
        tasks.add(this);
      }
    }

    @Override
    public boolean cancel(boolean interrupt) {
      tasks.remove(this);
      return super.cancel(interrupt);
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(at - now, TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }
  }

  private ScheduledFuture<?> add(Runnable work, long delay, long period) {
    if (shut) {
      throw new RejectedExecutionException("shut down");
    }
    Task task = new Task(work, delay, period);
    tasks.add(task);
    return task;
  }

  @Override
  public void execute(Runnable work) {
    var _ = add(work, 0, 0);
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable work, long delay, TimeUnit unit) {
    return add(work, unit.toNanos(delay), 0);
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> work, long delay, TimeUnit unit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable work, long delay, long period, TimeUnit unit) {
    return add(work, unit.toNanos(delay), unit.toNanos(period));
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable work, long delay, long period, TimeUnit unit) {
    return add(work, unit.toNanos(delay), unit.toNanos(period));
  }

  @Override
  public void shutdown() {
    shut = true;
    tasks.clear();
  }

  @Override
  public List<Runnable> shutdownNow() {
    shutdown();
    return List.of();
  }

  @Override
  public boolean isShutdown() {
    return shut;
  }

  @Override
  public boolean isTerminated() {
    return shut;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return shut;
  }
}
