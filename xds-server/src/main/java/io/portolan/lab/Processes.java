package io.portolan.lab;

import io.portolan.ca.store.OwnerOnlyFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Every child process of a lab. Nothing starts after {@link #close}; a file names what runs, so
 * that {@code portolan lab stop} finds it when the lab itself has died. Safe for any thread.
 */
final class Processes implements AutoCloseable {
  private final Path file;
  private final PrintWriter out;
  private final List<LabProcess> all = new ArrayList<>();
  private Supplier<List<Long>> others = List::of;
  private boolean closed;

  /**
   * @param file where the running processes are written down
   */
  Processes(Path file, PrintWriter out) {
    this.file = file;
    this.out = out;
  }

  /** What happens to processes. */
  enum Fate {
    /** They stay, and nobody answers: as when a network is cut. */
    FREEZE,
    /** They end without notice. */
    KILL
  }

  /** Processes that somebody else starts and ends, to be written down beside the own ones. */
  synchronized void also(Supplier<List<Long>> pids) {
    others = pids;
  }

  private interface Action {
    void on(LabProcess process) throws IOException;
  }

  /**
   * Starts a process.
   *
   * @throws IOException when it cannot be started, or the lab is ending
   */
  synchronized void start(LabProcess process) throws IOException {
    if (closed) {
      throw new IOException("the lab is ending");
    }
    all.add(process);
    process.start();
    remember();
  }

  /** Ends a process and forgets it. */
  synchronized void remove(LabProcess process) throws IOException {
    process.stop();
    all.remove(process);
    remember();
  }

  synchronized List<LabProcess> matching(Predicate<LabProcess> condition) {
    return all.stream().filter(condition).toList();
  }

  private void remember() throws IOException {
    StringBuilder text = new StringBuilder();
    for (LabProcess process : all) {
      if (!process.identity().isEmpty()) {
        text.append(process.identity()).append('\n');
      }
    }
    for (long pid : others.get()) {
      ProcessHandle.of(pid)
          .flatMap(handle -> handle.info().startInstant())
          .ifPresent(start -> text.append(pid + " " + start.toEpochMilli() + "\n"));
    }
    OwnerOnlyFiles.write(file, text.toString().getBytes(StandardCharsets.US_ASCII));
  }

  /** Does it to all of them at one moment. */
  void inflict(List<LabProcess> processes, Fate fate) {
    together(
        processes,
        process -> {
          switch (fate) {
            case FREEZE -> process.freeze();
            case KILL -> process.crash();
          }
        });
  }

  /** Lets frozen ones go on and starts ended ones again. */
  synchronized void heal(List<LabProcess> processes) throws IOException {
    if (closed) {
      throw new IOException("the lab is ending");
    }
    for (LabProcess process : processes) {
      process.heal();
    }
    remember();
  }

  private void together(List<LabProcess> processes, Action action) {
    List<Thread> threads = new ArrayList<>();
    for (LabProcess process : processes) {
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      action.on(process);
                    } catch (IOException e) {
                      out.println("  " + process.name() + ": " + e.getMessage());
                    }
                  }));
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Ends every process, and lets none start any more; safe to call twice. */
  @Override
  public void close() {
    List<LabProcess> ending;
    synchronized (this) {
      closed = true;
      ending = List.copyOf(all);
    }
    together(ending, LabProcess::stop);
  }
}
