package io.portolan.it.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portolan.it.Workspace;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.testcontainers.dockerclient.DockerClientProviderStrategy;

/**
 * A container engine: the one this user reaches already, else one of the test's own.
 *
 * <p>An engine of its own takes root. It is {@code dockerd} of the {@code PATH}, else of Debian's
 * packages, which are unpacked into the cache folder and not installed. It runs in a mount and a
 * process namespace, so that ending it ends every container, and it makes no bridge and no packet
 * filter rules: its containers share the network of the test.
 */
final class ContainerEngine implements AutoCloseable {
  private static final String SOCKET_PROPERTY = "portolan.engine.socket";

  /** Read by docker-java; Testcontainers' own choice is too new for engines of before 2024. */
  private static final String VERSION_PROPERTY = "api.version";

  private static final Path USUAL_SOCKET = Path.of("/var/run/docker.sock");
  private static final List<String> PACKAGES =
      List.of("docker.io", "containerd", "runc", "libdevmapper1.02.1", "libseccomp2");
  private static final long DOWNLOAD_SECONDS = 300;
  private static final long START_SECONDS = 60;
  private static final long STOP_SECONDS = 30;

  /** Why there is no engine, and what to do. */
  static final class UnavailableException extends Exception {
    private static final long serialVersionUID = 1;

    UnavailableException(String reason) {
      super(reason);
    }
  }

  private final @Nullable Process process;
  private final Path home;

  private ContainerEngine(@Nullable Process process, Path home) {
    this.process = process;
    this.home = home;
  }

  /** Whether containers share the network of this process. */
  boolean own() {
    return process != null;
  }

  /**
   * @param home for the engine's state; must not exist
   * @throws UnavailableException when no engine answers and none can be started
   */
  static ContainerEngine start(Path home) throws UnavailableException, IOException {
    String named = System.getenv("DOCKER_HOST");
    if ((named != null && !named.isEmpty()) || Files.isWritable(USUAL_SOCKET)) {
      return new ContainerEngine(null, home);
    }
    if (!"root".equals(System.getProperty("user.name"))) {
      throw new UnavailableException(
          "no container engine answers, and only root can start one"
              + " (remedy: let this user reach a Docker socket, or set DOCKER_HOST)");
    }
    Path unpacked = Workspace.onPath("dockerd") == null ? unpacked() : null;
    Files.createDirectories(home);
    Process process = dockerd(unpacked, home);
    ContainerEngine engine = new ContainerEngine(process, home);
    Path socket = socket(home);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    String version = null;
    while (version == null) {
      version = apiVersion(socket);
      if (version != null) {
        break;
      }
      if (!process.isAlive() || System.nanoTime() > end) {
        String log = Files.readString(home.resolve("dockerd.log"));
        engine.close();
        throw new UnavailableException("dockerd does not start here: " + last(log));
      }
      LockSupport.parkNanos(100_000_000);
    }
    System.setProperty(SOCKET_PROPERTY, socket.toString());
    System.setProperty(VERSION_PROPERTY, version);
    return engine;
  }

  /** The newest version of its API that the engine speaks; null while it does not answer. */
  private static @Nullable String apiVersion(Path socket) throws IOException {
    if (!Files.exists(socket)) {
      return null;
    }
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      channel.write(
          ByteBuffer.wrap("GET /version HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
      String answer =
          new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
      JsonNode body = new ObjectMapper().readTree(answer.substring(answer.indexOf("\r\n\r\n") + 4));
      return body.path("ApiVersion").asText();
    } catch (ConnectException e) {
      // The socket's file is there before the engine listens; the caller's loop is bounded.
      return null;
    }
  }

  private static Path socket(Path home) {
    return home.resolve("docker.sock");
  }

  private static Process dockerd(@Nullable Path unpacked, Path home) throws IOException {
    Path settings = Files.writeString(home.resolve("daemon.json"), "{}");
    Path binary = unpacked == null ? Path.of("dockerd") : unpacked.resolve("usr/sbin/dockerd");
    ProcessBuilder builder =
        new ProcessBuilder(
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                binary.toString(),
                "--config-file=" + settings,
                "--host=unix://" + socket(home),
                "--data-root=" + home.resolve("data"),
                "--exec-root=" + home.resolve("run"),
                "--pidfile=" + home.resolve("pid"),
                "--storage-driver=vfs",
                "--bridge=none",
                "--iptables=false",
                "--ip6tables=false",
                "--ip-forward=false",
                "--ip-masq=false",
                "--log-level=warn")
            .redirectErrorStream(true)
            .redirectOutput(home.resolve("dockerd.log").toFile());
    if (unpacked != null) {
      String path = builder.environment().getOrDefault("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
      builder
          .environment()
          .put(
              "PATH",
              unpacked.resolve("usr/sbin") + ":" + unpacked.resolve("usr/bin") + ":" + path);
      builder.environment().put("LD_LIBRARY_PATH", libraries(unpacked));
    }
    return builder.start();
  }

  private static String libraries(Path unpacked) throws IOException {
    try (Stream<Path> files = Files.walk(unpacked)) {
      return String.join(
          ":",
          files
              .filter(file -> String.valueOf(file.getFileName()).contains(".so."))
              .map(file -> String.valueOf(file.getParent()))
              .distinct()
              .sorted()
              .toList());
    }
  }

  /** The engine's Debian packages, unpacked; nothing of this machine is changed. */
  private static Path unpacked() throws UnavailableException, IOException {
    Path done = Workspace.cache().resolve("docker-debian");
    if (Files.isExecutable(done.resolve("usr/sbin/dockerd"))) {
      return done;
    }
    if (Workspace.onPath("apt-get") == null || Workspace.onPath("dpkg-deb") == null) {
      throw new UnavailableException(
          "no container engine answers, and this is no Debian whose docker.io could be used"
              + " (remedy: start dockerd)");
    }
    System.out.println("getting a container engine (Debian's docker.io) into " + done + " …");
    Path work = Files.createDirectories(done.resolveSibling("docker-debian.new"));
    Workspace.deleteTree(work);
    Files.createDirectories(work.resolve("lists/partial"));
    Files.createDirectories(work.resolve("archives/partial"));
    List<String> apt =
        List.of(
            "apt-get",
            "-qq",
            "-o",
            "Dir::State::lists=" + work.resolve("lists"),
            "-o",
            "Dir::Cache=" + work,
            "-o",
            "APT::Sandbox::User=root");
    run(work, join(apt, List.of("update")));
    run(work, join(join(apt, List.of("download")), PACKAGES));
    Path root = Files.createDirectories(work.resolve("root"));
    try (Stream<Path> files = Files.list(work)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".deb")).toList()) {
        run(work, List.of("dpkg-deb", "-x", file.toString(), root.toString()));
      }
    }
    Workspace.deleteTree(done);
    Files.move(root, done);
    Workspace.deleteTree(work);
    return done;
  }

  private static List<String> join(List<String> first, List<String> second) {
    List<String> all = new ArrayList<>(first);
    all.addAll(second);
    return all;
  }

  private static void run(Path directory, List<String> command)
      throws UnavailableException, IOException {
    Path log = directory.resolve("command.log");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      if (process.waitFor(DOWNLOAD_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.destroyForcibly();
    }
    throw new UnavailableException(
        "no container engine answers, and Debian's docker.io cannot be got: "
            + last(Files.readString(log, StandardCharsets.UTF_8)));
  }

  private static String last(String log) {
    return log.lines().filter(line -> !line.isBlank()).reduce((a, b) -> b).orElse("(no output)");
  }

  /** Ends the engine, its containers with it, and removes its state. */
  @Override
  public void close() throws IOException {
    if (process == null) {
      return;
    }
    System.clearProperty(SOCKET_PROPERTY);
    System.clearProperty(VERSION_PROPERTY);
    try {
      process.children().forEach(ProcessHandle::destroy);
      if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor(STOP_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    Workspace.deleteTree(home);
  }

  /** Tells Testcontainers of an engine of the test's own; found by the service loader. */
  public static final class Strategy extends DockerClientProviderStrategy {
    /** Above all that Testcontainers looks for by itself. */
    private static final int FIRST = 1_000;

    @Override
    public org.testcontainers.dockerclient.TransportConfig getTransportConfig() {
      return org.testcontainers.dockerclient.TransportConfig.builder()
          .dockerHost(java.net.URI.create("unix://" + System.getProperty(SOCKET_PROPERTY)))
          .build();
    }

    @Override
    protected boolean isApplicable() {
      return System.getProperty(SOCKET_PROPERTY) != null;
    }

    /** There is no bridge whose address could be asked for. */
    @Override
    public String getDockerHostIpAddress() {
      return "localhost";
    }

    @Override
    protected boolean isPersistable() {
      return false;
    }

    @Override
    protected int getPriority() {
      return FIRST;
    }

    @Override
    public String getDescription() {
      return "an engine of the test's own";
    }
  }
}
