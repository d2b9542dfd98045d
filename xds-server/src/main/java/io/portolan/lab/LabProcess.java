package io.portolan.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One child process that can be frozen, crashed and started again. */
final class LabProcess {
  /** What a process is for. */
  enum Kind {
    CONTROL_PLANE,
    SIDECAR,
    GATEWAY,
    APPLICATIONS,
    CLIENT
  }

  private final String name;
  private final String cluster;
  private final Kind kind;
  private final List<String> command;
  private final Path log;
  private @Nullable Process process;
  private boolean frozen;

  LabProcess(String name, String cluster, Kind kind, List<String> command, Path log) {
    this.name = name;
    this.cluster = cluster;
    this.kind = kind;
    this.command = List.copyOf(command);
    this.log = log;
  }

  String name() {
    return name;
  }

  String cluster() {
    return cluster;
  }

  Kind kind() {
    return kind;
  }

  /** {@code pid start-time-in-milliseconds}, empty when it does not run. */
  synchronized String identity() {
    if (process == null || !process.isAlive()) {
      return "";
    }
    return process.pid()
        + " "
        + process.info().startInstant().map(i -> i.toEpochMilli()).orElse(0L);
  }

  synchronized boolean isRunning() {
    return process != null && process.isAlive();
  }

  synchronized void start() throws IOException {
    process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
            .start();
    frozen = false;
  }

  /** Stops it from running without ending it: its sockets stay, nobody answers. */
  synchronized void freeze() throws IOException {
    if (isRunning() && !frozen) {
      signal("STOP");
      frozen = true;
    }
  }

  /** Lets a frozen process go on, or starts an ended one again. */
  synchronized void heal() throws IOException {
    if (frozen) {
      signal("CONT");
      frozen = false;
    } else if (!isRunning()) {
      start();
    }
  }

  /** Ends it without notice. */
  synchronized void crash() throws IOException {
    if (process != null) {
      signal("KILL");
      await();
      frozen = false;
    }
  }

  /** Ends it, gently first. */
  synchronized void stop() throws IOException {
    if (process == null || !process.isAlive()) {
      return;
    }
    if (frozen) {
      signal("CONT");
    }
    process.destroy();
    if (!await()) {
      process.destroyForcibly();
      await();
    }
  }

  /** {@code up}, {@code frozen} or {@code down}. */
  synchronized String state() {
    return frozen ? "frozen" : isRunning() ? "up" : "down";
  }

  /** Whether its log holds a line, of this run or an earlier one. */
  boolean hasSaid(String line) {
    try {
      return Files.exists(log) && Files.readString(log, StandardCharsets.UTF_8).contains(line);
    } catch (IOException e) {
      return false;
    }
  }

  Path log() {
    return log;
  }

  private boolean await() {
    try {
      return process == null || process.waitFor(3, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void signal(String signal) throws IOException {
    if (process == null) {
      return;
    }
    Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start();
    try {
      kill.waitFor(3, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
