package io.portolan.it.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portolan.it.Workspace;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * Helm's own lint and template: the Go module {@code deploy/tools/helm}, built once into the cache
 * folder under a name that is the hash of its sources.
 */
final class HelmCommand implements AutoCloseable {
  private static final long BUILD_MINUTES = 20;

  private final ObjectMapper json = new ObjectMapper();
  private final Process process;
  private final BufferedWriter in;
  private final BufferedReader out;

  record Answer(int code, String out, String err) {}

  private HelmCommand(Process process) {
    this.process = process;
    this.in = process.outputWriter(StandardCharsets.UTF_8);
    this.out = process.inputReader(StandardCharsets.UTF_8);
  }

  /** Starts it; the test is skipped, with the reason, where no Go is on the machine. */
  static HelmCommand start() throws Exception {
    Path binary = binary();
    return new HelmCommand(
        new ProcessBuilder(binary.toString(), "serve")
            .redirectError(Workspace.target().resolve("helm.log").toFile())
            .start());
  }

  Answer run(List<String> arguments) throws IOException {
    in.write(json.writeValueAsString(arguments));
    in.newLine();
    in.flush();
    String line = out.readLine();
    if (line == null) {
      throw new IOException("helm ended, see helm.log");
    }
    JsonNode answer = json.readTree(line);
    return new Answer(
        answer.path("code").asInt(), answer.path("out").asText(), answer.path("err").asText());
  }

  private static Path binary() throws Exception {
    Path module = Workspace.root().resolve("deploy/tools/helm");
    Path binary = Workspace.cache().resolve("helm-" + hash(module));
    if (Files.isExecutable(binary)) {
      return binary;
    }
    Assumptions.assumeTrue(
        Workspace.onPath("go") != null,
        "SKIPPED: no go on the PATH, so the chart is not checked by Helm"
            + " (remedy: install Go 1.26 or newer)");
    Files.createDirectories(binary.getParent());
    Path made = binary.resolveSibling(binary.getFileName() + ".part");
    ProcessBuilder builder =
        new ProcessBuilder(
                "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", made.toString(), ".")
            .directory(module.toFile())
            .redirectErrorStream(true)
            .redirectOutput(Workspace.target().resolve("helm-build.log").toFile());
    builder.environment().put("CGO_ENABLED", "0");
    builder.environment().put("GOFLAGS", "-buildvcs=false -mod=readonly");
    Process build = builder.start();
    try {
      if (!build.waitFor(BUILD_MINUTES, TimeUnit.MINUTES) || build.exitValue() != 0) {
        throw new IOException(
            "deploy/tools/helm does not build: "
                + Files.readString(Workspace.target().resolve("helm-build.log")));
      }
    } finally {
      build.destroyForcibly();
    }
    Files.move(made, binary);
    return binary;
  }

  private static String hash(Path module) throws IOException, NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (String file : List.of("main.go", "go.mod", "go.sum")) {
      digest.update(Files.readAllBytes(module.resolve(file)));
    }
    return HexFormat.of().formatHex(digest.digest(), 0, 8);
  }

  @Override
  public void close() throws Exception {
    in.close();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException("helm did not end with its input");
    }
  }
}
