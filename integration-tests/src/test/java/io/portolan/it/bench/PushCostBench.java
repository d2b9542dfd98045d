package io.portolan.it.bench;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * CPU of the server for pushing one endpoint change of a 1,000-endpoint service to 1,000 delta
 * streams: Portolan, the published java-control-plane server, and the same bytes written to raw
 * sockets. Each server runs in a JVM of its own, the clients in another. Arguments: streams,
 * pushes, endpoints. Compare the ratios, not the times.
 */
public final class PushCostBench {
  private static final int WARM_UP = 100;

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

  /** Runs all servers, or with {@code --server=NAME} one of them. */
  public static void main(String[] args) throws Exception {
    List<String> numbers = new ArrayList<>();
    String only = "";
    for (String arg : args) {
      if (arg.startsWith("--server=")) {
        only = arg.substring("--server=".length());
      } else {
        numbers.add(arg);
      }
    }
    int streams = numbers.size() > 0 ? Integer.parseInt(numbers.get(0)) : 1000;
    int pushes = numbers.size() > 1 ? Integer.parseInt(numbers.get(1)) : 20;
    int endpoints = numbers.size() > 2 ? Integer.parseInt(numbers.get(2)) : 1000;
    if (!only.isEmpty()) {
      System.out.println(measure(only, streams, pushes, endpoints));
      System.exit(0);
    }
    double[] micros = new double[3];
    String[] names = {"portolan", "java-control-plane", "raw"};
    for (int i = 0; i < names.length; i++) {
      micros[i] = forked(names[i], streams, pushes, endpoints);
      System.out.printf(
          Locale.ROOT, "%-20s %8.1f µs of server CPU per client and push%n", names[i], micros[i]);
    }
    System.out.printf(
        Locale.ROOT,
        "java-control-plane / portolan = %.1f, portolan / raw sockets = %.1f (%d streams, %d"
            + " pushes, %d endpoints)%n",
        micros[1] / micros[0],
        micros[0] / micros[2],
        streams,
        pushes,
        endpoints);
  }

  private static List<String> java(String... more) {
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

  private static double forked(String name, int streams, int pushes, int endpoints)
      throws Exception {
    Process process =
        new ProcessBuilder(
                java(
                    PushCostBench.class.getName(),
                    "--server=" + name,
                    Integer.toString(streams),
                    Integer.toString(pushes),
                    Integer.toString(endpoints)))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      String last = "";
      try (BufferedReader lines = reader(process)) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          last = line;
        }
      }
      return Double.parseDouble(last);
    } finally {
      process.destroyForcibly();
    }
  }

  private static BufferedReader reader(Process process) {
    return new BufferedReader(
        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  private static double measure(String name, int streams, int pushes, int endpoints)
      throws Exception {
    try (Server server =
        switch (name) {
          case "portolan" -> new BenchServers.Portolan(endpoints);
          case "java-control-plane" -> new BenchServers.Published(endpoints);
          case "raw" -> new BenchServers.Raw(endpoints, streams);
          default -> throw new IllegalArgumentException(name);
        }) {
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
        long cpu = 0;
        for (int round = 1; round <= WARM_UP + pushes; round++) {
          long before = cpuNanos();
          server.push(round);
          await(lines);
          if (round > WARM_UP) {
            cpu += cpuNanos() - before;
          }
        }
        return cpu / 1e3 / ((double) streams * pushes);
      } finally {
        client.destroyForcibly();
      }
    }
  }

  /** The client says one line when every stream has what was sent. */
  private static void await(BufferedReader lines) throws Exception {
    if (lines.readLine() == null) {
      throw new IllegalStateException("the client ended");
    }
  }

  private static long cpuNanos() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }
}
