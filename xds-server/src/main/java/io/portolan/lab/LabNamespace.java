package io.portolan.lab;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A network namespace for a lab: nothing outside can be reached from it, and all of {@code 10.N}
 * that a lab needs is its own. As root, or as an ordinary user through a user namespace.
 */
final class LabNamespace {
  private static final long PROBE_SECONDS = 10;
  private static final long END_SECONDS = 45;
  private static final List<List<String>> WAYS =
      List.of(
          List.of("unshare", "--net"), List.of("unshare", "--user", "--map-root-user", "--net"));

  /** Arguments: networks, {@code --}, a command. */
  private static final String ENTER =
      String.join(
          "\n",
          "PATH=\"$PATH:/usr/sbin:/sbin\"",
          "ip link set lo up || exit 70",
          "while [ \"$1\" != -- ]; do ip route add local \"$1\" dev lo || exit 70; shift; done",
          "shift",
          "exec \"$@\"");

  private final List<String> prefix;

  private LabNamespace(List<String> prefix) {
    this.prefix = List.copyOf(prefix);
  }

  /** Whether there can be one. */
  sealed interface Found {}

  /** There can. */
  record Usable(LabNamespace namespace) implements Found {}

  /**
   * There cannot.
   *
   * @param reason what was tried and what came of it
   */
  record Unusable(String reason) implements Found {}

  /**
   * Tries whether a namespace can be made on this machine.
   *
   * @param networks {@code address/bits} that shall be local in it
   */
  static Found find(Collection<String> networks) {
    List<String> reasons = new ArrayList<>();
    for (List<String> way : WAYS) {
      List<String> prefix = new ArrayList<>(way);
      prefix.addAll(List.of("--", "sh", "-c", ENTER, "portolan-lab"));
      prefix.addAll(networks);
      prefix.add("--");
      LabNamespace namespace = new LabNamespace(prefix);
      String problem = namespace.probe();
      if (problem.isEmpty()) {
        return new Usable(namespace);
      }
      reasons.add("'" + String.join(" ", way) + "': " + problem);
    }
    return new Unusable(String.join("; ", reasons));
  }

  private List<String> command(List<String> command) {
    List<String> whole = new ArrayList<>(prefix);
    whole.addAll(command);
    return whole;
  }

  private String probe() {
    Process process;
    try {
      process =
          new ProcessBuilder(command(List.of("true")))
              .redirectErrorStream(true)
              .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
              .start();
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
    try {
      if (!process.waitFor(PROBE_SECONDS, TimeUnit.SECONDS)) {
        return "no end within " + PROBE_SECONDS + " s";
      }
      if (process.exitValue() == 0) {
        return "";
      }
      String said =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return said.isEmpty() ? "exit code " + process.exitValue() : said.replace('\n', ' ');
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    } finally {
      process.destroyForcibly();
    }
  }

  /**
   * Runs a command in a new namespace, on this terminal, until it ends. When this program is
   * stopped, so is the command; it is given {@value #END_SECONDS} s to end.
   *
   * @return its exit code
   */
  int run(List<String> command) throws IOException {
    return attached(command(command));
  }

  /**
   * Runs a command in the namespaces of another process, where they are not the own ones anyway.
   *
   * @param environment more variables
   * @return its exit code
   */
  static int runWithin(long pid, List<String> command, java.util.Map<String, String> environment)
      throws IOException {
    List<String> enter = new ArrayList<>();
    if (differs(pid, "user")) {
      enter.addAll(List.of("--user", "--preserve-credentials"));
    }
    if (differs(pid, "net")) {
      enter.add("--net");
    }
    List<String> whole = new ArrayList<>();
    if (!enter.isEmpty()) {
      whole.addAll(List.of("nsenter", "--target", Long.toString(pid)));
      whole.addAll(enter);
      whole.add("--");
    }
    whole.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(whole);
    builder.environment().putAll(environment);
    return attached(builder);
  }

  private static boolean differs(long pid, String kind) throws IOException {
    Path proc = Path.of("/proc");
    if (!Files.isDirectory(proc.resolve("self").resolve("ns"))) {
      return false;
    }
    String name = "ns/" + kind;
    return !Files.readSymbolicLink(proc.resolve(Long.toString(pid)).resolve(name))
        .equals(Files.readSymbolicLink(proc.resolve("self").resolve(name)));
  }

  private static int attached(List<String> command) throws IOException {
    return attached(new ProcessBuilder(command));
  }

  private static int attached(ProcessBuilder builder) throws IOException {
    Process process = builder.inheritIO().start();
    Thread end = Thread.ofPlatform().name("namespace-end").unstarted(() -> end(process));
    Runtime.getRuntime().addShutdownHook(end);
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      end(process);
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(end);
      } catch (IllegalStateException _) {
        // This program is being stopped, and the hook does its work.
      }
    }
  }

  private static void end(Process process) {
    process.destroy();
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
