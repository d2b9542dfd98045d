package io.portolan.lab.kubernetes;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The programs of a Kubernetes control plane, each as the beginning of a command line.
 *
 * @param etcd starts etcd
 * @param apiServer starts kube-apiserver
 * @param controllerManager starts kube-controller-manager
 * @param kubectl starts kubectl
 */
public record KubernetesBinaries(
    List<String> etcd,
    List<String> apiServer,
    List<String> controllerManager,
    List<String> kubectl) {
  private static final String VERSION = "1.36.3";
  private static final long BUILD_MINUTES = 40;
  private static final List<String> SOURCES = List.of("go.mod", "go.sum", "main.go");

  public KubernetesBinaries {
    etcd = List.copyOf(etcd);
    apiServer = List.copyOf(apiServer);
    controllerManager = List.copyOf(controllerManager);
    kubectl = List.copyOf(kubectl);
  }

  /**
   * The programs of {@code $KUBEBUILDER_ASSETS} or the PATH where all are there, else one binary
   * that is built from the project's Go module into the cache on first use. Safe to call from
   * several processes at once: one builds, the others wait.
   *
   * @param module directory of the Go module
   * @param cache where the built binary is kept
   * @throws IOException with the remedy when there is none and none can be built
   */
  public static KubernetesBinaries find(Path module, Path cache, PrintWriter progress)
      throws IOException {
    String assets = System.getenv("KUBEBUILDER_ASSETS");
    KubernetesBinaries found =
        assets == null || assets.isEmpty() ? null : separate(List.of(Path.of(assets)));
    if (found == null) {
      found = separate(path());
    }
    return found == null ? single(built(module, cache, progress)) : found;
  }

  private static KubernetesBinaries single(Path binary) {
    String name = binary.toString();
    return new KubernetesBinaries(
        List.of(name, "etcd"),
        List.of(name, "kube-apiserver"),
        List.of(name, "kube-controller-manager"),
        List.of(name, "kubectl"));
  }

  private static List<Path> path() {
    return List.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)).stream()
        .filter(directory -> !directory.isEmpty())
        .map(Path::of)
        .toList();
  }

  private static @Nullable KubernetesBinaries separate(List<Path> directories) {
    Path etcd = executable(directories, "etcd");
    Path apiServer = executable(directories, "kube-apiserver");
    Path controllers = executable(directories, "kube-controller-manager");
    Path kubectl = executable(directories, "kubectl");
    return etcd == null || apiServer == null || controllers == null || kubectl == null
        ? null
        : new KubernetesBinaries(
            List.of(etcd.toString()),
            List.of(apiServer.toString()),
            List.of(controllers.toString()),
            List.of(kubectl.toString()));
  }

  private static @Nullable Path executable(List<Path> directories, String name) {
    return directories.stream()
        .map(directory -> directory.resolve(name))
        .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
        .findFirst()
        .orElse(null);
  }

  private static Path built(Path module, Path cache, PrintWriter progress) throws IOException {
    Path home = cache.resolve("kubernetes-" + VERSION + "-" + digest(module));
    Path binary = home.resolve("mesh-apiserver");
    if (Files.isExecutable(binary)) {
      return binary;
    }
    Files.createDirectories(home);
    try (FileChannel lock =
        FileChannel.open(
            home.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      lock.lock();
      if (!Files.isExecutable(binary)) {
        build(module, home, binary, progress);
      }
    }
    return binary;
  }

  private static void build(Path module, Path home, Path binary, PrintWriter progress)
      throws IOException {
    Path log = home.resolve("build.log");
    progress.println(
        "building kube-apiserver "
            + VERSION
            + " and etcd once into "
            + home
            + " (some ten minutes on two cores; log: "
            + log
            + ") …");
    progress.flush();
    Path next = home.resolve("mesh-apiserver.next");
    ProcessBuilder go =
        new ProcessBuilder(
                "go",
                "build",
                "-trimpath",
                "-ldflags",
                "-s -w -X k8s.io/component-base/version.gitVersion=v"
                    + VERSION
                    + " -X k8s.io/component-base/version.gitMajor=1"
                    + " -X k8s.io/component-base/version.gitMinor=36",
                "-o",
                next.toString(),
                ".")
            .directory(module.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    go.environment().put("CGO_ENABLED", "0");
    go.environment().put("GOFLAGS", "-mod=readonly -buildvcs=false");
    Process process;
    try {
      process = go.start();
    } catch (IOException e) {
      throw new IOException(
          "no Kubernetes API server on this machine and no Go to build one: "
              + e.getMessage()
              + " (remedy: install Go 1.26 or newer, or set KUBEBUILDER_ASSETS to a directory with"
              + " etcd, kube-apiserver, kube-controller-manager and kubectl)",
          e);
    }
    await(process, log);
    Files.move(next, binary, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    progress.println("built kube-apiserver " + VERSION);
    progress.flush();
  }

  private static void await(Process process, Path log) throws IOException {
    try {
      if (!process.waitFor(BUILD_MINUTES, TimeUnit.MINUTES)) {
        throw new IOException(
            "the build of kube-apiserver took more than " + BUILD_MINUTES + " min, see " + log);
      }
      if (process.exitValue() != 0) {
        throw new IOException(
            "the build of kube-apiserver failed, see "
                + log
                + " (remedy: Go 1.26 or newer; or set KUBEBUILDER_ASSETS)");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while building kube-apiserver", e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static String digest(Path module) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String source : SOURCES) {
        digest.update((source + "\n").getBytes(StandardCharsets.UTF_8));
        digest.update(Files.readAllBytes(module.resolve(source)));
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
