package io.portolan.it.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * CPU of the server for pushing one endpoint change of a 1,000-endpoint service to 1,000 delta
 * streams: Portolan, the published java-control-plane server with its default serializer, and the
 * bytes of the same response written to raw sockets by as many blocking threads as there are cores.
 *
 * <p>Each server runs in a JVM of its own, its clients in another. All are warmed up first; then
 * they take turns, so that a change in the machine's load meets all of them. CPU is what the kernel
 * counted for the server's threads, without those of the JIT compiler. Compare the ratios, not the
 * times.
 *
 * <p>Arguments: streams, pushes per turn, endpoints, turns.
 */
public final class PushCostBench {
  private static final int WARM_UP = 120;
  private static final String[] NAMES = {"portolan", "java-control-plane", "raw"};

  private PushCostBench() {}

  /** A server under test. */
  interface Server extends AutoCloseable {
    /** The port it listens on. */
    int port();

    /** Sends version {@code round} of the assignment to every client. */
    void push(int round) throws Exception;

    @Override
    void close() throws Exception;
  }

  /** Runs all servers; with {@code --server=NAME} one of them, told by standard input. */
  public static void main(String[] args) throws Exception {
    List<Integer> numbers = new ArrayList<>(List.of(1000, 20, 1000, 7));
    List<String> names = new ArrayList<>(List.of(NAMES));
    String serve = "";
    int given = 0;
    for (String arg : args) {
      if (arg.startsWith("--server=")) {
        serve = arg.substring("--server=".length());
      } else if (arg.startsWith("--only=")) {
        names = List.of(arg.substring("--only=".length()).split(",", -1));
      } else {
        numbers.set(given++, Integer.parseInt(arg));
      }
    }
    if (serve.isEmpty()) {
      compare(names, numbers);
    } else {
      serve(serve, numbers.get(0), numbers.get(2));
      System.exit(0);
    }
  }

  private static void compare(List<String> names, List<Integer> numbers) throws Exception {
    int pushes = numbers.get(1);
    int turns = numbers.get(3);
    List<Child> children = new ArrayList<>();
    try {
      double[][] micros = new double[names.size()][turns];
      for (String name : names) {
        Child child = new Child(name, numbers);
        children.add(child);
        child.push(WARM_UP);
      }
      for (int turn = 0; turn < turns; turn++) {
        for (int i = 0; i < names.size(); i++) {
          micros[i][turn] = children.get(i).push(pushes);
        }
      }
      print(names, micros, numbers);
    } finally {
      children.forEach(Child::kill);
    }
  }

  private static void print(List<String> names, double[][] micros, List<Integer> numbers) {
    System.out.printf(
        Locale.ROOT,
        "%d streams, %d endpoints, %d turns of %d pushes; \u00b5s of server CPU per client and push:%n",
        numbers.get(0),
        numbers.get(2),
        numbers.get(3),
        numbers.get(1));
    for (int i = 0; i < names.size(); i++) {
      print(names.get(i), micros[i]);
    }
    for (int i = 1; i < names.size(); i++) {
      boolean raw = names.get(i).startsWith("raw");
      double[] ratio = new double[micros[0].length];
      for (int turn = 0; turn < ratio.length; turn++) {
        double first = micros[0][turn];
        double other = micros[i][turn];
        ratio[turn] = raw ? first / other : other / first;
      }
      print(
          raw ? names.getFirst() + " / " + names.get(i) : names.get(i) + " / " + names.getFirst(),
          ratio);
    }
  }

  private static void print(String what, double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    System.out.printf(
        Locale.ROOT,
        "%-30s median %8.2f   least %8.2f   most %8.2f%n",
        what,
        sorted[sorted.length / 2],
        sorted[0],
        sorted[sorted.length - 1]);
  }

  /** One server process. */
  private static final class Child {
    private final Process process;
    private final BufferedReader lines;
    private final PrintStream orders;

    Child(String name, List<Integer> numbers) throws IOException {
      List<String> command = java(PushCostBench.class.getName(), "--server=" + name);
      numbers.forEach(n -> command.add(Integer.toString(n)));
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      lines = reader(process);
      orders = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
    }

    /** Microseconds of CPU per client and push. */
    double push(int rounds) throws IOException {
      orders.println(rounds);
      String line = lines.readLine();
      if (line == null) {
        throw new IOException("a server ended");
      }
      return Double.parseDouble(line);
    }

    void kill() {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  static List<String> java(String... more) {
    List<String> command =
        new ArrayList<>(
            List.of(
                System.getProperty("java.home") + "/bin/java",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-XX:+UseCompactObjectHeaders",
                "-Xmx4g",
                "-cp",
                System.getProperty("java.class.path")));
    command.addAll(List.of(more));
    return command;
  }

  static BufferedReader reader(Process process) {
    return new BufferedReader(
        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  private static void serve(String name, int streams, int endpoints) throws Exception {
    try (Server server =
            switch (name) {
              case "portolan" -> new BenchServers.Portolan(endpoints);
              case "java-control-plane" -> new BenchServers.Published(endpoints);
              case "raw" -> new BenchServers.Raw(endpoints, streams);
              default -> throw new IllegalArgumentException(name);
            };
        BufferedReader orders =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      Process client =
          new ProcessBuilder(
                  java(
                      PushClient.class.getName(),
                      name,
                      Integer.toString(server.port()),
                      Integer.toString(streams)))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try (BufferedReader lines = reader(client)) {
        await(lines);
        int round = 0;
        for (String order = orders.readLine(); order != null; order = orders.readLine()) {
          int rounds = Integer.parseInt(order);
          long before = ServerCpu.nanos();
          for (int i = 0; i < rounds; i++) {
            server.push(++round);
            await(lines);
          }
          System.out.println((ServerCpu.nanos() - before) / 1e3 / ((double) streams * rounds));
        }
      } finally {
        client.destroyForcibly();
      }
    }
  }

  /** The client says one line when every stream has what was sent. */
  private static void await(BufferedReader lines) throws IOException {
    if (lines.readLine() == null) {
      throw new IOException("the client ended");
    }
  }
}
