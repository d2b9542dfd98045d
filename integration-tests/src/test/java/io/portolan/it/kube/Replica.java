package io.portolan.it.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portolan.it.Workspace;
import io.portolan.lab.kubernetes.KubernetesCluster;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A control plane as a process of its own, with an account of its own. */
final class Replica implements AutoCloseable {
  private final Path home;
  private final Process process;

  private Replica(Path home, Process process) {
    this.home = home;
    this.process = process;
  }

  /**
   * Starts one and waits until it is ready.
   *
   * @param name of its service account in {@code kube-system}, and of its directory
   * @param ca directory of the CA that all replicas share
   */
  static Replica start(KubernetesCluster cluster, Path home, String name, Path ca)
      throws IOException {
    Path own = Files.createDirectories(home.resolve(name));
    String token =
        Kubernetes.kubectl(cluster, "", "create", "token", "-n", "kube-system", name).strip();
    Path kubeconfig = own.resolve("kubeconfig");
    Files.writeString(kubeconfig, cluster.kubeconfig(cluster.url(), token));
    Files.deleteIfExists(own.resolve("ports"));
    List<String> command =
        new ArrayList<>(
            List.of(
                Workspace.java(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-jar",
                Workspace.jar().toString(),
                "serve",
                "--kubeconfig",
                kubeconfig.toString(),
                "--cluster-id=one",
                "--data",
                own.resolve("data").toString(),
                "--ca",
                ca.toString(),
                "--xds-address=127.0.0.1:0",
                "--admin-address=127.0.0.1:0",
                "--drain=0s",
                "--ports-file",
                own.resolve("ports").toString()));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(own.resolve("log").toFile());
    builder.environment().put("POD_NAME", name);
    Replica replica = new Replica(own, builder.start());
    replica.await("ready", () -> replica.ready());
    return replica;
  }

  /** Waits for something to become so, for a minute at the longest. */
  void await(String what, BooleanSupplier so) throws IOException {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!so.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError(what + ": not in 60 s\n" + Files.readString(home.resolve("log")));
      }
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
  }

  private boolean ready() {
    if (!process.isAlive()) {
      throw new AssertionError("the process has ended");
    }
    return Files.exists(home.resolve("ports")) && get("/ready").startsWith("ready");
  }

  private String get(String path) {
    try (HttpClient client =
        HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build()) {
      String admin =
          new ObjectMapper()
              .readTree(Files.readString(home.resolve("ports")))
              .path("admin")
              .asText();
      return client
          .send(
              HttpRequest.newBuilder(URI.create("http://" + admin + path))
                  .timeout(Duration.ofSeconds(2))
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  /** The page about leadership. */
  JsonNode leader() {
    try {
      String text = get("/debug/leader");
      return new ObjectMapper().readTree(text.isEmpty() ? "{}" : text);
    } catch (IOException e) {
      throw new AssertionError("not JSON", e);
    }
  }

  String metrics() {
    return get("/metrics");
  }

  boolean leads() {
    return leader().path("leading").asBoolean();
  }

  /** Stops it with a signal, as a container runtime freezes or kills. */
  void signal(String signal) throws IOException, InterruptedException {
    Process kill =
        new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).inheritIO().start();
    if (kill.waitFor() != 0) {
      throw new IOException("kill -" + signal + " " + process.pid() + " failed");
    }
  }

  /** Waits for the process to end. */
  void ended() throws InterruptedException {
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      throw new AssertionError("the process has not ended in 30 s");
    }
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly();
    try {
      process.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
