package io.portolan.lab;

import io.portolan.lab.kubernetes.KubernetesBinaries;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Runs a lab from the command line. */
public final class LabRunner {
  private final Path labs;
  private final Path state;
  private final PrintWriter out;

  /**
   * @param labs directory with one folder per scenario
   * @param state directory of the running lab
   */
  public LabRunner(Path labs, Path state, PrintWriter out) {
    this.labs = labs;
    this.state = state;
    this.out = out;
  }

  /** The scenarios there are, by name. */
  public List<Scenario> scenarios() throws IOException {
    List<Scenario> found = new ArrayList<>();
    try (Stream<Path> folders = Files.list(labs)) {
      for (Path folder : folders.sorted().toList()) {
        if (Files.exists(folder.resolve("scenario.yaml"))) {
          found.add(ScenarioFile.read(folder));
        }
      }
    }
    return found;
  }

  /**
   * Runs a scenario.
   *
   * @param apiServerModule the Go module of the API servers to read the clusters from, null to read
   *     files
   * @param once run its script and end, else run until stopped
   * @return true when every expectation held
   */
  public boolean run(
      String name, boolean once, int rate, Path cache, @Nullable Path apiServerModule)
      throws IOException {
    Scenario scenario =
        scenarios().stream()
            .filter(s -> s.name().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new IOException(
                        "no scenario '" + name + "' in " + labs + " (see 'portolan lab list')"));
    out.println(scenario.title());
    Path envoy = EnvoyBinary.find(cache, out);
    KubernetesBinaries kubernetes = null;
    if (apiServerModule != null) {
      if (scenario.controlPlanes().size() > 1) {
        throw new IOException(
            "scenario '"
                + name
                + "' has several control planes (remedy: run it without"
                + " --kubernetes)");
      }
      kubernetes = KubernetesBinaries.find(apiServerModule, cache, out);
    }
    if (isRunning()) {
      throw new IOException("a lab is running already (remedy: portolan lab stop)");
    }
    clear();
    Lab lab = new Lab(scenario, state, envoy, java(), out, kubernetes);
    CountDownLatch stopped = new CountDownLatch(1);
    Thread cleaner =
        Thread.ofPlatform()
            .name("lab-end")
            .unstarted(
                () -> {
                  stopped.countDown();
                  lab.close();
                });
    Runtime.getRuntime().addShutdownHook(cleaner);
    try {
      lab.start(rate);
      LabView view = new LabView(lab, out, isTerminal() && !once);
      try (LabControl _ = LabControl.serve(state, line -> command(lab, view, stopped, line))) {
        return once ? new LabScript(lab, out).run() : watch(view, stopped);
      }
    } finally {
      lab.close();
    }
  }

  private static boolean isTerminal() {
    return java.util.Optional.ofNullable(System.console())
        .filter(java.io.Console::isTerminal)
        .isPresent();
  }

  private static boolean watch(LabView view, CountDownLatch stopped) {
    try {
      while (!stopped.await(1, TimeUnit.SECONDS)) {
        view.draw();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return true;
  }

  private static String command(Lab lab, LabView view, CountDownLatch stopped, String line) {
    String[] words = line.split(" ", -1);
    try {
      switch (words[0]) {
        case "cut" -> {
          List<String> flags = List.of(words).subList(2, words.length);
          lab.cut(
              words[1],
              flags.contains("kill") ? Processes.Fate.KILL : Processes.Fate.FREEZE,
              flags.contains("gateway"));
        }
        case "heal" -> lab.heal(words[1]);
        case "stop" -> stopped.countDown();
        default -> {
          return "error: unknown command";
        }
      }
      view.event(line.replace(" kill", " --kill").replace(" gateway", " --gateway"));
      return "ok";
    } catch (IOException e) {
      return "error: " + e.getMessage();
    }
  }

  private boolean isRunning() {
    try {
      LabControl.send(state, "ping");
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Sends a command to the running lab; the answer is {@code ok} or {@code error: …}. */
  public String send(String command) throws IOException {
    try {
      return LabControl.send(state, command);
    } catch (IOException e) {
      throw new IOException("no lab is running (remedy: portolan lab active-active)", e);
    }
  }

  /** Ends the running lab, or what is left of one that died; says what it did. */
  public String stop() throws IOException {
    if (isRunning()) {
      return LabControl.send(state, "stop").equals("ok") ? "lab stopped" : "lab did not stop";
    }
    int ended = 0;
    Path list = state.resolve("processes");
    if (Files.exists(list)) {
      for (String line : Files.readAllLines(list)) {
        ended += end(line) ? 1 : 0;
      }
      Files.delete(list);
    }
    return ended == 0 ? "no lab is running" : "ended " + ended + " processes of a lab that died";
  }

  /** Ends a process only when it is still the one that was started. */
  private static boolean end(String line) {
    String[] parts = line.split(" ", -1);
    if (parts.length != 2) {
      return false;
    }
    Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(parts[0]));
    long started =
        process.flatMap(p -> p.info().startInstant()).map(i -> i.toEpochMilli()).orElse(-1L);
    return started == Long.parseLong(parts[1]) && process.get().destroyForcibly();
  }

  private void clear() throws IOException {
    if (!Files.isDirectory(state)) {
      return;
    }
    try (Stream<Path> files = Files.walk(state)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** How to run another class of this program. */
  private static List<String> java() {
    String home = System.getProperty("java.home");
    return List.of(
        home + "/bin/java",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xmx256m",
        "-cp",
        System.getProperty("java.class.path"));
  }
}
