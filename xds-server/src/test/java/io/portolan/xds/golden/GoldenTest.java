package io.portolan.xds.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Golden files: {@code golden/<case>/proxy.yaml} and {@code mesh/} give clusters, endpoints,
 * listeners and routes. Refresh with {@code mvn -pl xds-server -am package -Dtest=GoldenTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dgolden.refresh=true} and read the difference.
 */
class GoldenTest {
  private static final Path GOLDEN =
      Path.of(System.getProperty("portolan.root", ".."), "xds-server/src/test/resources/golden");
  private static final Set<String> INPUTS = Set.of("proxy.yaml", "mesh");

  @TestFactory
  Stream<DynamicTest> goldens() throws IOException {
    try (Stream<Path> cases = Files.list(GOLDEN)) {
      return cases.sorted().toList().stream()
          .map(c -> DynamicTest.dynamicTest(c.getFileName().toString(), () -> check(c)));
    }
  }

  private static void check(Path directory) throws IOException {
    Map<String, String> made = GoldenCase.read(directory).outputs();
    if (Boolean.getBoolean("golden.refresh")) {
      for (var entry : made.entrySet()) {
        Files.writeString(directory.resolve(entry.getKey()), entry.getValue());
      }
      return;
    }
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        assertTrue(INPUTS.contains(name) || made.containsKey(name), "orphan: " + file);
      }
    }
    for (var entry : made.entrySet()) {
      Path file = directory.resolve(entry.getKey());
      String expected =
          Files.exists(file) ? Files.readString(file, StandardCharsets.UTF_8) : "(missing)";
      assertEquals(
          expected,
          entry.getValue(),
          file
              + " differs; if that is meant: mvn -pl xds-server -am package -Dtest=GoldenTest"
              + " -Dsurefire.failIfNoSpecifiedTests=false -Dgolden.refresh=true");
    }
  }
}
