package io.portolan.it.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portolan.cli.AdminClient;
import io.portolan.it.Workspace;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The image is reproducible, and the program in it runs as an ordinary user. */
class ImageTest {
  private static final Path WORK = Workspace.target().resolve("image");
  private static final Path TAR = Workspace.target().resolve("portolan-image.tar");
  private static final String ADDRESS = "127.74.0.3";

  @TempDir Path directory;

  @BeforeAll
  static void build() throws Exception {
    Files.createDirectories(WORK);
    ImageBuilder.build(
        ImageBuilder.runtime(WORK.resolve("java")), Workspace.jar(), WORK.resolve("work"), TAR);
  }

  @Test
  void equalInputsGiveEqualBytes() throws Exception {
    Path again = directory.resolve("again.tar");
    ImageBuilder.build(WORK.resolve("java"), Workspace.jar(), directory.resolve("work"), again);
    assertEquals(-1, Files.mismatch(TAR, again));
  }

  @Test
  void runsAsAnOrdinaryUser() throws Exception {
    JsonNode config = unpack(TAR, directory.resolve("root"));
    assertEquals("1337:1337", config.path("config").path("User").asText());
    assertEquals("2026-01-01T00:00:00Z", config.path("created").asText());
    Path root = directory.resolve("root");

    Process version = run(root, "version.log", List.of("version"));
    assertTrue(version.waitFor(30, TimeUnit.SECONDS), "version ends");
    assertEquals(0, version.exitValue(), log("version.log"));

    Path mesh = Files.createDirectories(root.resolve("tmp/mesh"));
    Files.writeString(mesh.resolve("mesh.yaml"), "trustDomain: image.example\n");
    boolean inside = isolated();
    Path base = inside ? Path.of("/") : root;
    Process server =
        run(
            root,
            "serve.log",
            List.of(
                "serve",
                "--mesh=" + base.resolve("tmp/mesh"),
                "--data=" + base.resolve("tmp/data"),
                "--xds-address=" + ADDRESS + ":0",
                "--admin-address=" + ADDRESS + ":0",
                "--ports-file=" + base.resolve("tmp/ports.json")));
    try {
      Path ports = root.resolve("tmp/ports.json");
      until(() -> Files.exists(ports), "serve.log");
      String admin = new ObjectMapper().readTree(Files.readString(ports)).path("admin").asText();
      until(() -> new AdminClient(admin).text("/ready").status() == 200, "serve.log");
      if (inside) {
        assertEquals(1337, Files.getAttribute(Path.of("/proc/" + server.pid()), "unix:uid"));
      }
    } finally {
      server.destroy();
      assertTrue(server.waitFor(20, TimeUnit.SECONDS), "serve ends when it is asked to");
    }
  }

  private static boolean isolated() {
    return "root".equals(System.getProperty("user.name"))
        && Files.isExecutable(Path.of("/usr/sbin/chroot"));
  }

  /** In the image's own root where the test may change it, else beside this machine's files. */
  private static Process run(Path root, String log, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    List<String> entrypoint = new ArrayList<>(ImageBuilder.entrypoint());
    if (isolated()) {
      command.addAll(
          List.of(
              "/usr/sbin/chroot",
              "--userspec=" + ImageBuilder.USER + ":" + ImageBuilder.USER,
              root.toString()));
    } else {
      entrypoint.replaceAll(a -> a.startsWith("/opt/") ? root + a : a);
    }
    command.addAll(entrypoint);
    command.addAll(arguments);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(Workspace.target().resolve("image-" + log).toFile());
    builder.environment().keySet().retainAll(Set.of("PATH"));
    builder.environment().put("JDK_JAVA_OPTIONS", "-XX:+UseSerialGC");
    // A container has /proc, by which the loader finds the runtime's libraries; this root has not.
    builder.environment().put("LD_LIBRARY_PATH", "/opt/java/lib:/opt/java/lib/server");
    return builder.start();
  }

  private static String log(String name) throws IOException {
    return Files.readString(Workspace.target().resolve("image-" + name));
  }

  private interface Check {
    boolean holds() throws IOException;
  }

  private static void until(Check check, String log) throws IOException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (System.nanoTime() < end) {
      try {
        if (check.holds()) {
          return;
        }
      } catch (java.net.ConnectException e) {
        // The port is not open yet; the loop ends with the log.
        LockSupport.parkNanos(1);
      }
      LockSupport.parkNanos(100_000_000);
    }
    throw new AssertionError("not in 60 s: " + log(log));
  }

  /** Unpacks all layers and gives the image's configuration. */
  private static JsonNode unpack(Path tar, Path root) throws IOException {
    Path layers = Files.createDirectories(root.resolveSibling("unpacked"));
    extract(Files.newInputStream(tar), layers);
    ObjectMapper json = new ObjectMapper();
    JsonNode manifest = json.readTree(layers.resolve("manifest.json").toFile()).path(0);
    Files.createDirectories(root);
    for (JsonNode layer : manifest.path("Layers")) {
      extract(new GZIPInputStream(Files.newInputStream(layers.resolve(layer.asText()))), root);
    }
    return json.readTree(layers.resolve(manifest.path("Config").asText()).toFile());
  }

  private static void extract(InputStream in, Path into) throws IOException {
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(new BufferedInputStream(in), StandardCharsets.UTF_8.name())) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path to = into.resolve(entry.getName()).normalize();
        assertTrue(to.startsWith(into), entry.getName());
        if (entry.isDirectory()) {
          Files.createDirectories(to);
        } else {
          Files.createDirectories(to.getParent());
          Files.copy(tar, to);
        }
        Files.setPosixFilePermissions(to, permissions(entry.getMode()));
      }
    }
  }

  private static Set<PosixFilePermission> permissions(int mode) {
    Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
    PosixFilePermission[] all = PosixFilePermission.values();
    for (int bit = 0; bit < all.length; bit++) {
      if ((mode & (1 << (all.length - 1 - bit))) != 0) {
        set.add(all[bit]);
      }
    }
    return set;
  }
}
