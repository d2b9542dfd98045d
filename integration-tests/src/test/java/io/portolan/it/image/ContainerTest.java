package io.portolan.it.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.InternalServerErrorException;
import com.github.dockerjava.api.model.AccessMode;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Volume;
import io.portolan.cli.AdminClient;
import io.portolan.it.Workspace;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.startupcheck.IsRunningStartupCheckStrategy;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/**
 * A container engine runs the image as the chart would: an ordinary user, a root file system that
 * cannot be written, no capabilities. Nothing can be pulled: the engine runs what is in the tar.
 */
class ContainerTest {
  private static final String ADDRESS = "127.74.0.5";
  private static final int ADMIN = 15014;
  private static final Path WORK = Workspace.target().resolve("image");
  private static final Path ENGINE = Workspace.target().resolve("engine-" + System.nanoTime());

  @TempDir static Path directory;

  private static ContainerEngine engine;

  @BeforeAll
  static void load() throws Exception {
    try {
      engine = ContainerEngine.start(ENGINE);
    } catch (ContainerEngine.UnavailableException e) {
      skip(String.valueOf(e.getMessage()));
    }
    Files.createDirectories(WORK);
    Path tar = directory.resolve("image.tar");
    ImageBuilder.build(
        ImageBuilder.runtime(WORK.resolve("java")),
        Workspace.jar(),
        directory.resolve("work"),
        tar);
    try (InputStream in = new BufferedInputStream(Files.newInputStream(tar))) {
      client().loadImageCmd(in).exec();
    }
    if (engine.own()) {
      probe();
    }
  }

  /** Where this user may not make containers, an engine starts all the same and says so now. */
  private static void probe() {
    String id = client().createContainerCmd(ImageBuilder.NAME).withCmd("version").exec().getId();
    try {
      client().startContainerCmd(id).exec();
    } catch (InternalServerErrorException e) {
      skip("an engine starts here, but its runtime makes no container: " + e.getMessage());
    }
    client().removeContainerCmd(id).withForce(true).exec();
  }

  private static void skip(String reason) {
    String loud = "SKIPPED: the image is not run by a container engine: " + reason;
    System.out.println(loud);
    Assumptions.abort(loud);
  }

  @AfterAll
  static void stop() throws IOException {
    if (engine != null) {
      engine.close();
    }
  }

  private static DockerClient client() {
    return DockerClientFactory.instance().client();
  }

  @Test
  void becomesReadyWithTheRightsOfTheChart() throws Exception {
    Path mesh = Files.createDirectories(directory.resolve("mesh"));
    Files.writeString(mesh.resolve("mesh.yaml"), "trustDomain: image.example\n");
    String host = engine.own() ? ADDRESS : "0.0.0.0";
    try (GenericContainer<?> container =
        new GenericContainer<>(DockerImageName.parse(ImageBuilder.NAME))) {
      container
          .withImagePullPolicy(name -> false)
          .withCreateContainerCmdModifier(
              create ->
                  java.util.Objects.requireNonNull(create.getHostConfig())
                      .withBinds(
                          new Bind(
                              mesh.toString(), new Volume("/etc/portolan/mesh"), AccessMode.ro))
                      .withReadonlyRootfs(true)
                      .withCapDrop(Capability.ALL)
                      .withSecurityOpts(List.of("no-new-privileges")))
          .withTmpFs(
              Map.of(
                  "/tmp",
                  "rw,exec,mode=1777",
                  "/var/lib/portolan",
                  "rw,uid=1337,gid=1337,mode=700"))
          .withStartupCheckStrategy(new IsRunningStartupCheckStrategy())
          .withCommand(
              "serve",
              "--mesh=/etc/portolan/mesh",
              "--data=/var/lib/portolan/data",
              "--xds-address=" + host + (engine.own() ? ":0" : ":15012"),
              "--admin-address=" + host + ":" + (engine.own() ? 0 : ADMIN))
          .waitingFor(
              Wait.forLogMessage(".*portolan started.*", 1)
                  .withStartupTimeout(Duration.ofSeconds(90)));
      if (engine.own()) {
        container.withNetworkMode("host");
      } else {
        container.withExposedPorts(ADMIN);
      }
      container.start();
      String admin =
          engine.own()
              ? logged(container.getLogs(), "admin=")
              : container.getHost() + ":" + container.getMappedPort(ADMIN);
      assertTrue(ready(admin), container::getLogs);
      assertEquals(List.of("1337"), users(container), "the user of every process");
    }
  }

  private static String logged(String log, String key) {
    return log.lines()
        .filter(line -> line.contains("portolan started"))
        .map(line -> line.substring(line.indexOf(key) + key.length()).split(" ", 2)[0])
        .findFirst()
        .orElseThrow();
  }

  private static boolean ready(String admin) throws IOException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (System.nanoTime() < end) {
      if (new AdminClient(admin).text("/ready").status() == 200) {
        return true;
      }
      LockSupport.parkNanos(100_000_000);
    }
    return false;
  }

  private static List<String> users(GenericContainer<?> container) {
    String[][] processes =
        client()
            .topContainerCmd(container.getContainerId())
            .withPsArgs("-eo uid,pid")
            .exec()
            .getProcesses();
    return java.util.Arrays.stream(processes).map(row -> row[0].strip()).distinct().toList();
  }
}
