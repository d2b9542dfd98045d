package io.portolan.it.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portolan.install.Chart;
import io.portolan.it.Workspace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@code deploy/manifests} is the chart, rendered. To write it anew: {@code mvn -o test -pl
 * integration-tests -am -Dtest=ManifestsTest -Dsurefire.failIfNoSpecifiedTests=false
 * -Dmanifests.refresh=true}.
 */
class ManifestsTest {
  private static final Path MANIFESTS = Workspace.root().resolve("deploy/manifests");

  @ParameterizedTest
  @CsvSource({
    "primary.yaml,  profile=primary,",
    "remote.yaml,   profile=remote,   global.remotePilotAddress=192.0.2.1",
    "eastwest.yaml, profile=eastwest, global.network=network1"
  })
  void isTheChartRendered(String file, String profile, String setting) throws Exception {
    List<String> sets = new ArrayList<>(List.of("namespace.create=true", profile));
    if (setting != null) {
      sets.add(setting);
    }
    Chart chart = Chart.packaged();
    StringBuilder text =
        new StringBuilder("# portolan install --print --skip-crds")
            .append(" --profile ")
            .append(profile.substring("profile=".length()));
    if (setting != null) {
      text.append(" --set ").append(setting);
    }
    text.append("\n# The definitions are in deploy/crds; apply them first.\n");
    for (Chart.Document document : chart.render(chart.settings(sets), "istio-system")) {
      text.append("---\n").append(document.text()).append('\n');
    }
    Path manifest = MANIFESTS.resolve(file);
    if (Boolean.getBoolean("manifests.refresh")) {
      Files.createDirectories(MANIFESTS);
      Files.writeString(manifest, text);
    }
    assertEquals(
        text.toString(),
        Files.readString(manifest),
        "deploy/manifests/"
            + file
            + " (remedy: -Dmanifests.refresh=true, and read the difference)");
  }

  @Test
  void holdsNothingElse() throws Exception {
    try (Stream<Path> files = Files.list(MANIFESTS)) {
      assertEquals(
          List.of("eastwest.yaml", "primary.yaml", "remote.yaml"),
          files.map(f -> f.getFileName().toString()).sorted().toList());
    }
  }
}
