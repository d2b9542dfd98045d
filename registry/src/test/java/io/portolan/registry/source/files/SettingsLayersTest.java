package io.portolan.registry.source.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.Change;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.source.objects.Finding;
import io.portolan.registry.source.objects.Findings;
import io.portolan.registry.source.objects.SettingsLayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code mesh.yaml} laid over another place. */
class SettingsLayersTest {
  @TempDir Path root;
  private List<SettingsLayer> below = List.of();

  private MeshDirectory directory(@Nullable MeshSettings started) {
    return new MeshDirectory(root, () -> Instant.EPOCH, Duration.ZERO, false, () -> below, started);
  }

  private static List<SettingsLayer> layer(String text) {
    return SettingsLayer.read("the map", text, new Findings("the map")).stream().toList();
  }

  private void file(String text) throws IOException {
    Files.writeString(root.resolve("mesh.yaml"), text);
  }

  private static Optional<MeshSettings> changed(MeshDirectory.Scan scan) {
    return scan.changes().stream()
        .filter(Change.Settings.class::isInstance)
        .map(c -> ((Change.Settings) c).settings())
        .findFirst();
  }

  @Test
  void theFileHasTheFieldsItNames() throws IOException {
    file("connectTimeout: 7s\nnetworks:\n");
    below = layer("{connectTimeout: 3s, trustDomain: map.example, networks: {net-a: {}}}");
    MeshDirectory directory = directory(null);
    MeshSettings settings = changed(directory.scan()).orElseThrow();
    assertEquals(Duration.ofSeconds(7), settings.connectTimeout());
    assertEquals("map.example", settings.trustDomain());
    assertEquals(java.util.Set.of("net-a"), settings.networks().keySet(), "null names nothing");
    assertTrue(directory.names("connectTimeout"));
    assertTrue(!directory.names("trustDomain") && !directory.names("networks"));
  }

  @Test
  void anEditBelowIsOneChangeAndNothingElseIs() throws IOException {
    file("connectTimeout: 7s");
    below = layer("trustDomain: one.example");
    MeshDirectory directory = directory(null);
    assertEquals("one.example", changed(directory.scan()).orElseThrow().trustDomain());
    assertEquals(Optional.empty(), changed(directory.scan()));
    below = layer("{trustDomain: one.example, connectTimeout: 1s}");
    assertEquals(Optional.empty(), changed(directory.scan()), "what the file names");
    below = layer("trustDomain: two.example");
    assertEquals("two.example", changed(directory.scan()).orElseThrow().trustDomain());
    Files.delete(root.resolve("mesh.yaml"));
    assertEquals(Optional.empty(), changed(directory.scan()), "a file that is gone stays");
  }

  @Test
  void withoutAFileTheOthersSpeak() throws IOException {
    below = layer("trustDomain: map.example");
    MeshDirectory.Scan scan = directory(null).scan();
    assertEquals("map.example", scan.settings().trustDomain());
    assertEquals(List.of(), scan.findings(), "no file is missed");
    below = List.of();
    scan = directory(null).scan();
    assertEquals(MeshSettings.DEFAULT, scan.settings());
    assertTrue(scan.findings().getFirst().text().contains("is missing"));
  }

  @Test
  void namesHoldUntilTheNextStart() throws IOException {
    below = layer("{trustDomain: one.example, connectTimeout: 1s}");
    MeshSettings started = directory(null).scan().settings();
    MeshDirectory directory = directory(started);
    assertEquals(started, changed(directory.scan()).orElseThrow());
    file("rootNamespace: elsewhere");
    below = layer("{trustDomain: two.example, connectTimeout: 2s}");
    MeshDirectory.Scan scan = directory.scan();
    MeshSettings settings = changed(scan).orElseThrow();
    assertEquals("one.example", settings.trustDomain());
    assertEquals("istio-system", settings.rootNamespace());
    assertEquals(Duration.ofSeconds(2), settings.connectTimeout());
    List<String> found =
        scan.findings().stream()
            .map(Finding::toString)
            .filter(f -> f.contains("next start"))
            .toList();
    assertEquals(2, found.size(), found.toString());
    assertTrue(found.get(0).startsWith("mesh.yaml: warning: rootNamespace:"), found.get(0));
    assertTrue(found.get(1).startsWith("the map: warning: trustDomain:"), found.get(1));
  }
}
