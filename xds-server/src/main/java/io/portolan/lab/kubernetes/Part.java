package io.portolan.lab.kubernetes;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One process of a control plane. */
final class Part {
  private final String name;
  private final Path home;
  private final List<String> command;
  private @Nullable Process process;

  Part(String name, Path home, List<String> command) {
    this.name = name;
    this.home = home;
    this.command = List.copyOf(command);
  }

  synchronized void start() throws IOException {
    process =
        new ProcessBuilder(command)
            .directory(home.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(home.resolve(name + ".log").toFile()))
            .start();
  }

  synchronized boolean isRunning() {
    return process != null && process.isAlive();
  }

  synchronized @Nullable Long pid() {
    return process != null && process.isAlive() ? process.pid() : null;
  }

  synchronized void signal(String signal) throws IOException {
    if (process == null || !process.isAlive()) {
      throw new IOException(name + " does not run");
    }
    Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start();
    await(kill, Duration.ofSeconds(5));
  }

  /** Ends it without notice; no effect when it does not run. */
  synchronized void kill(Duration patience) throws IOException {
    if (process != null && process.isAlive()) {
      process.destroyForcibly();
      await(process, patience);
    }
  }

  private void await(Process awaited, Duration patience) throws IOException {
    try {
      if (!awaited.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException(name + " did not end within " + patience.toSeconds() + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for " + name, e);
    }
  }
}
