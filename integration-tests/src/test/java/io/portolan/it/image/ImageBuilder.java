package io.portolan.it.image;

import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.JibContainerBuilder;
import com.google.cloud.tools.jib.api.TarImage;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.FileEntriesLayer;
import com.google.cloud.tools.jib.api.buildplan.FilePermissions;
import com.google.cloud.tools.jib.api.buildplan.ImageFormat;
import com.google.cloud.tools.jib.api.buildplan.Platform;
import io.portolan.it.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Makes the image of the program as a tar, without a container engine and without a base image: the
 * C library's files of this machine, a runtime made by jlink, and the program. Equal inputs give
 * equal bytes: every time stamp is the build's fixed one.
 *
 * <p>Load it with {@code docker load --input portolan-image.tar}.
 */
public final class ImageBuilder {
  /** Name of the image in the tar. */
  public static final String NAME = "portolan/portolan:0.1.0";

  static final String USER = "1337";

  /** {@code project.build.outputTimestamp} of the build. */
  private static final Instant STAMP = Instant.parse("2026-01-01T00:00:00Z");

  private static final long JLINK_MINUTES = 5;
  private static final FilePermissions PROGRAM = FilePermissions.fromOctalString("755");
  private static final FilePermissions FILE = FilePermissions.fromOctalString("644");

  /** What the program and its libraries ask of the JDK. */
  private static final String MODULES =
      String.join(
          ",",
          "java.base",
          "java.logging",
          "java.management",
          "java.naming",
          "java.net.http",
          "java.security.jgss",
          "java.security.sasl",
          "java.xml",
          "jdk.crypto.cryptoki",
          "jdk.httpserver",
          "jdk.jcmd",
          "jdk.jfr",
          "jdk.management",
          "jdk.naming.dns",
          "jdk.net",
          "jdk.unsupported");

  /**
   * The JVM's libraries, and those of the native code in jars: netty's TLS needs libgcc_s. The name
   * service of older C libraries is in files of its own.
   */
  private static final List<String> LIBRARIES =
      List.of(
          "libc.so.6",
          "libm.so.6",
          "libdl.so.2",
          "libpthread.so.0",
          "librt.so.1",
          "libresolv.so.2",
          "libnss_dns.so.2",
          "libnss_files.so.2",
          "libgcc_s.so.1");

  private static final List<String> ENTRYPOINT =
      List.of(
          "/opt/java/bin/java",
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "-XX:+UseCompactObjectHeaders",
          "-XX:+ExitOnOutOfMemoryError",
          "-Xss512k",
          "-jar",
          "/opt/portolan/portolan.jar");

  private ImageBuilder() {}

  /** What a container runs before its arguments. */
  static List<String> entrypoint() {
    return ENTRYPOINT;
  }

  /**
   * Makes the runtime, unless it is there.
   *
   * @param directory made by jlink
   * @throws IOException with what jlink says
   */
  static Path runtime(Path directory) throws IOException, InterruptedException {
    if (Files.isExecutable(directory.resolve("bin/java"))) {
      return directory;
    }
    Path log = directory.resolveSibling("jlink.log");
    Process jlink =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/jlink",
                "--add-modules",
                MODULES,
                "--strip-debug",
                "--no-header-files",
                "--no-man-pages",
                "--compress=zip-6",
                "--output",
                directory.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      if (!jlink.waitFor(JLINK_MINUTES, TimeUnit.MINUTES) || jlink.exitValue() != 0) {
        throw new IOException("jlink failed: " + Files.readString(log));
      }
    } finally {
      jlink.destroyForcibly();
    }
    return directory;
  }

  /**
   * Writes the image.
   *
   * @param runtime made by {@link #runtime}
   * @param program the packaged program
   * @param work for files that are made and for jib's cache
   */
  static void build(Path runtime, Path program, Path work, Path tar) throws Exception {
    Files.createDirectories(work);
    JibContainerBuilder image =
        Jib.fromScratch()
            .setPlatforms(Set.of(new Platform(architecture(), "linux")))
            .setFormat(ImageFormat.Docker)
            .setCreationTime(STAMP)
            .addFileEntriesLayer(system(work))
            .addFileEntriesLayer(runtimeLayer(runtime))
            .addFileEntriesLayer(
                FileEntriesLayer.builder()
                    .setName("program")
                    .addEntry(program, at("/opt/portolan/portolan.jar"), FILE, STAMP)
                    .build())
            .setUser(USER + ":" + USER)
            .setWorkingDirectory(at("/var/lib/portolan"))
            .setEnvironment(
                Map.of("HOME", "/var/lib/portolan", "MALLOC_ARENA_MAX", "2", "LANG", "C.UTF-8"))
            .setEntrypoint(ENTRYPOINT)
            .setProgramArguments(List.of("help"));
    image.containerize(
        Containerizer.to(TarImage.at(tar).named(NAME))
            .setOfflineMode(true)
            .setToolName("portolan")
            .setBaseImageLayersCache(work.resolve("base"))
            .setApplicationLayersCache(work.resolve("layers")));
  }

  private static FileEntriesLayer system(Path work) throws IOException {
    Path passwd = Files.writeString(work.resolve("passwd"), passwd());
    Path group = Files.writeString(work.resolve("group"), "root:x:0:\nportolan:x:1337:\n");
    Path names = Files.writeString(work.resolve("nsswitch.conf"), "hosts: files dns\n");
    Path empty = Files.createDirectories(work.resolve("empty"));
    FileEntriesLayer.Builder layer =
        FileEntriesLayer.builder()
            .setName("system")
            .addEntry(passwd, at("/etc/passwd"), FILE, STAMP)
            .addEntry(group, at("/etc/group"), FILE, STAMP)
            .addEntry(names, at("/etc/nsswitch.conf"), FILE, STAMP)
            // Native parts of jars are unpacked here.
            .addEntry(empty, at("/tmp"), FilePermissions.fromOctalString("777"), STAMP)
            .addEntry(
                empty,
                at("/var/lib/portolan"),
                FilePermissions.fromOctalString("700"),
                STAMP,
                USER + ":" + USER);
    boolean arm = architecture().equals("arm64");
    String loader = arm ? "/lib/ld-linux-aarch64.so.1" : "/lib64/ld-linux-x86-64.so.2";
    // The loader is a program: without the right to run it nothing starts.
    layer.addEntry(Path.of(loader).toRealPath(), at(loader), PROGRAM, STAMP);
    for (String library : LIBRARIES) {
      // The loader is this machine's and looks where this machine has its libraries.
      Path file = library(library, arm ? "aarch64-linux-gnu" : "x86_64-linux-gnu");
      layer.addEntry(file.toRealPath(), at(file.toString()), PROGRAM, STAMP);
    }
    return layer.build();
  }

  private static String passwd() {
    return "root:x:0:0::/:/nologin\nportolan:x:1337:1337::/var/lib/portolan:/nologin\n";
  }

  private static Path library(String name, String triplet) throws IOException {
    for (String directory :
        List.of("/lib/" + triplet, "/usr/lib/" + triplet, "/lib64", "/usr/lib64", "/lib")) {
      Path file = Path.of(directory, name);
      if (Files.isReadable(file)) {
        return file;
      }
    }
    throw new IOException(name + ": is not on this machine (expected a glibc system)");
  }

  private static FileEntriesLayer runtimeLayer(Path runtime) throws IOException {
    FileEntriesLayer.Builder layer = FileEntriesLayer.builder().setName("java");
    List<Path> files = new ArrayList<>();
    try (Stream<Path> walk = Files.walk(runtime)) {
      walk.filter(Files::isRegularFile).sorted().forEach(files::add);
    }
    for (Path file : files) {
      layer.addEntry(
          file.toRealPath(),
          at("/opt/java/" + runtime.relativize(file)),
          Files.isExecutable(file) ? PROGRAM : FILE,
          STAMP);
    }
    return layer.build();
  }

  private static String architecture() {
    return System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
  }

  private static AbsoluteUnixPath at(String path) {
    return AbsoluteUnixPath.get(path);
  }

  /** Makes the image of the packaged program at the path of the first argument. */
  public static void main(String[] args) throws Exception {
    Path work = Workspace.target().resolve("image");
    Files.createDirectories(work);
    Path tar =
        args.length > 0 ? Path.of(args[0]) : Workspace.target().resolve("portolan-image.tar");
    build(runtime(work.resolve("java")), Workspace.jar(), work.resolve("work"), tar);
    System.out.println("made " + tar + " (docker load --input " + tar + ")");
  }
}
