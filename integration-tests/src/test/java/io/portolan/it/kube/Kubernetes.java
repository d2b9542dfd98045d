package io.portolan.it.kube;

import io.portolan.it.Workspace;
import io.portolan.lab.kubernetes.KubernetesBinaries;
import io.portolan.lab.kubernetes.KubernetesCluster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Where tests get real API servers from: started by the test that needs one, ended by it. */
public final class Kubernetes {
  private Kubernetes() {}

  /** The programs, built once into the user's cache; fails loudly where they cannot be had. */
  public static KubernetesBinaries binaries() throws IOException {
    return KubernetesBinaries.find(
        Workspace.root().resolve("integration-tests/apiserver"),
        Workspace.cache(),
        new PrintWriter(System.out, true));
  }

  /** Starts a cluster in a new directory below {@code home}. */
  public static KubernetesCluster start(String name, Path home, String... apiServerFlags)
      throws IOException {
    Path directory = Files.createTempDirectory(Files.createDirectories(home), name + "-");
    return KubernetesCluster.start(name, directory, binaries(), List.of(apiServerFlags));
  }

  /**
   * Runs kubectl with this standard input.
   *
   * @return what it printed
   * @throws IOException with its output when it fails
   */
  public static String kubectl(KubernetesCluster cluster, String input, String... arguments)
      throws IOException {
    List<String> command = new java.util.ArrayList<>(cluster.kubectl());
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (var out = process.getOutputStream()) {
      out.write(input.getBytes(StandardCharsets.UTF_8));
    }
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    process.getInputStream().transferTo(printed);
    String text = printed.toString(StandardCharsets.UTF_8);
    try {
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new IOException("kubectl " + String.join(" ", arguments) + ": " + text);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for kubectl", e);
    }
    return text;
  }

  /** Applies YAML. */
  public static void apply(KubernetesCluster cluster, String yaml) throws IOException {
    kubectl(cluster, yaml, "apply", "--server-side", "--force-conflicts", "-f", "-");
  }
}
