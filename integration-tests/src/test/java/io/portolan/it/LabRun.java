package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A lab as a user runs it. Scenarios have addresses of their own, so different ones may run at a
 * time; one waits for another of the same.
 */
final class LabRun implements AutoCloseable {
  private static final long LIMIT_SECONDS = 300;
  private static final long END_SECONDS = 60;

  private static final AtomicInteger RUNS = new AtomicInteger();
  private static final Map<String, Semaphore> SCENARIOS = new ConcurrentHashMap<>();

  private final Semaphore scenario;
  private final Path output;
  private final Path state;
  private final Process process;

  /** Starts {@code portolan lab SCENARIO} with these options. */
  LabRun(String scenario, String... options) throws IOException, InterruptedException {
    Path target = Workspace.target();
    output = target.resolve("lab-" + scenario + String.join("", options) + ".txt");
    // A socket is in it, whose path may not be long.
    state = target.resolve("state-" + RUNS.incrementAndGet());
    List<String> arguments = new ArrayList<>(List.of(scenario));
    arguments.addAll(List.of(options));
    this.scenario = SCENARIOS.computeIfAbsent(scenario, name -> new Semaphore(1));
    this.scenario.acquire();
    process = builder(arguments).redirectOutput(output.toFile()).start();
  }

  private ProcessBuilder builder(List<String> arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Workspace.java(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-jar",
                Workspace.jar().toString(),
                "lab"));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("ENVOY", Workspace.envoy().toString());
    builder.environment().put("PORTOLAN_HOME", Workspace.root().toString());
    builder.environment().put("XDG_STATE_HOME", state.toString());
    return builder;
  }

  /** The lab's process. */
  ProcessHandle process() {
    return process.toHandle();
  }

  /** What it has printed. */
  String text() throws IOException {
    return Files.readString(output, StandardCharsets.UTF_8);
  }

  /** The processes it has started, as it writes them down. */
  List<ProcessHandle> children() throws IOException {
    Path list = state.resolve("portolan/lab/processes");
    List<ProcessHandle> found = new ArrayList<>();
    if (Files.exists(list)) {
      for (String line : Files.readAllLines(list)) {
        ProcessHandle.of(Long.parseLong(line.split(" ", -1)[0])).ifPresent(found::add);
      }
    }
    return found;
  }

  /** What another lab command against this lab printed, with its exit code at the end. */
  String command(String... arguments) throws IOException, InterruptedException {
    Process other = builder(List.of(arguments)).start();
    try {
      String said = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(other.waitFor(END_SECONDS, TimeUnit.SECONDS), said);
      return said + other.exitValue();
    } finally {
      other.destroyForcibly();
    }
  }

  /** Waits for its end, and that every expectation held. */
  void passes() throws IOException, InterruptedException {
    assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "the lab ends");
    assertEquals(0, process.exitValue(), text());
    assertTrue(text().contains("PASSED"), text());
  }

  @Override
  public void close() throws IOException, InterruptedException {
    try {
      process.destroy();
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } finally {
      scenario.release();
    }
  }
}
