package io.portolan.registry.source.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.source.files.MeshDirectory;
import io.portolan.registry.source.objects.Finding;
import io.portolan.registry.source.objects.SettingsLayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a ConfigMap says about the mesh, and what stays of it. */
class MeshConfigMapTableTest {
  private static final String NETWORKS =
      "networks: {net-west: {endpoints: [{fromRegistry: west}], gateways: [{address: 10.0.0.1, port:"
          + " 15443}]}}";

  @TempDir Path home;
  private long version;

  private MeshConfigMap map() {
    return new MeshConfigMap(
        new ConfigMapReader.Which("istio-system", "istio"),
        new MeshConfigStore(home.resolve("copy.json")),
        Runnable::run);
  }

  private ConfigMapObject object(Map<String, String> data) {
    return new ConfigMapObject("istio-system", "istio", "" + ++version, Map.of(), Map.of(), data);
  }

  private void listed(MeshConfigMap map, Map<String, String> data) {
    map.listed(Map.of("istio-system", object(data)));
  }

  private static MeshSettings settings(MeshConfigMap map) {
    return SettingsLayer.merge(map.layers());
  }

  private static List<String> errors(MeshConfigMap map) {
    return map.findings().stream()
        .filter(f -> f.severity() != Finding.Severity.INFO)
        .map(Finding::toString)
        .toList();
  }

  private MeshSettings fromFile(String yaml) throws IOException {
    Path mesh = Files.createDirectories(home.resolve("mesh-" + ++version));
    Files.writeString(mesh.resolve("mesh.yaml"), yaml);
    return new MeshDirectory(mesh, () -> Instant.EPOCH, Duration.ZERO).scan().settings();
  }

  /** One text means the same in a file, under its own key, and as Istio splits it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "trustDomain: a.example",
        "outboundTrafficPolicy: {mode: REGISTRY_ONLY}\nconnectTimeout: 3s",
        "rootNamespace: mesh\ndefaultHttpRetryPolicy: {attempts: 5}",
        "localityLbSetting: {failover: [{from: a, to: b}]}",
        "serviceSettings: [{settings: {clusterLocal: true}, hosts: ['*.x.svc.cluster.local']}]",
        "clusters: [{name: east, network: net-east, locality: a/b}]",
        "clusterHealth: {startGrace: 30s}",
      })
  void sameMeaning(String mesh) throws IOException {
    MeshSettings file = fromFile(mesh + "\n" + NETWORKS);
    MeshConfigMap own = map();
    listed(own, Map.of("mesh.yaml", mesh + "\n" + NETWORKS));
    assertEquals(file, settings(own));
    MeshConfigMap istio = map();
    listed(istio, Map.of("mesh", mesh, "meshNetworks", NETWORKS));
    assertEquals(file, settings(istio));
    assertEquals(List.of(), errors(istio));
  }

  @Test
  void theKeysHaveAnOrder() {
    MeshConfigMap map = map();
    listed(
        map,
        Map.of(
            "mesh",
            "trustDomain: mesh.example\nconnectTimeout: 3s\nnetworks: {net-b: {}}",
            "meshNetworks",
            NETWORKS,
            "mesh.yaml",
            "trustDomain: own.example"));
    assertEquals("own.example", settings(map).trustDomain());
    assertEquals(Duration.ofSeconds(3), settings(map).connectTimeout());
    assertEquals(java.util.Set.of("net-b"), settings(map).networks().keySet());
  }

  @Test
  void aBrokenKeyKeepsItsLastGoodVersionAndIsNamed() {
    MeshConfigMap map = map();
    listed(map, Map.of("mesh", "trustDomain: a.example", "meshNetworks", NETWORKS));
    MeshSettings before = settings(map);
    map.put(
        object(
            Map.of("mesh", "trustDomain: b.example\nconnectTimeout: soon", "meshNetworks", "{")));
    assertEquals(before, settings(map));
    List<String> errors = errors(map);
    assertEquals(2, errors.size(), errors.toString());
    assertTrue(
        errors.get(0).startsWith("ConfigMap istio-system/istio key mesh:2: error: connectTimeout:"),
        errors.get(0));
    assertTrue(
        errors.get(1).startsWith("ConfigMap istio-system/istio key meshNetworks:"), errors.get(1));

    map.put(object(Map.of("mesh", "trustDomain: c.example", "meshNetworks", "{")));
    assertEquals("c.example", settings(map).trustDomain(), "each key stands alone");
    assertEquals(before.networks(), settings(map).networks());
    map.put(object(Map.of("mesh", "trustDomain: c.example")));
    assertEquals(Map.of(), settings(map).networks(), "a key that is taken out is an edit");
    assertEquals(List.of(), errors(map));
  }

  @Test
  void deletedIsNotForgotten() {
    MeshConfigMap map = map();
    listed(map, Map.of("mesh", "trustDomain: a.example"));
    map.removed("elsewhere");
    assertEquals(List.of(), errors(map));
    map.removed("istio-system");
    assertEquals("a.example", settings(map).trustDomain());
    assertTrue(errors(map).getFirst().contains("is gone, what it said last stays"));
    map.listed(Map.of());
    assertEquals("a.example", settings(map).trustDomain());
    map.put(object(Map.of("mesh", "")));
    assertEquals(MeshSettings.DEFAULT, settings(map), "empty keys say nothing");
    assertEquals(List.of(), errors(map));
  }

  @Test
  void anOlderVersionIsNotTaken() {
    MeshConfigMap map = map();
    ConfigMapObject old = object(Map.of("mesh", "trustDomain: old.example"));
    listed(map, Map.of("mesh", "trustDomain: new.example"));
    map.put(old);
    assertEquals("new.example", settings(map).trustDomain());
    map.put(
        new ConfigMapObject("istio-system", "other", "99", Map.of(), Map.of(), Map.of("mesh", "")));
    assertEquals("new.example", settings(map).trustDomain());
  }

  @Test
  void theFirstAnswerIsWaitedFor() {
    MeshConfigMap map = map();
    map.failed("cannot connect", false);
    assertFalse(map.first().isDone());
    assertTrue(errors(map).getFirst().contains("cannot connect"));
    map.failed("403", true);
    assertTrue(map.first().isDone());
    assertTrue(errors(map).getFirst().contains("remedy: a role with list and watch"));
    MeshConfigMap none = map();
    none.listed(Map.of());
    assertTrue(none.first().isDone());
    assertEquals(List.of(), none.layers());
    assertEquals(List.of(), errors(none));
  }

  @Test
  void aStartWithoutTheApiServerHasACopy() {
    assertFalse(map().hasCopy());
    MeshConfigMap before = map();
    listed(before, Map.of("mesh", "trustDomain: \"a.example\" # \u00e4", "meshNetworks", NETWORKS));
    MeshSettings said = settings(before);

    MeshConfigMap after = map();
    assertTrue(after.hasCopy());
    after.failed("cannot connect", false);
    after.restore();
    assertEquals(said, settings(after));
    listed(after, Map.of("mesh", "trustDomain: b.example"));
    assertEquals("b.example", settings(after).trustDomain());
    after.restore();
    assertEquals("b.example", settings(after).trustDomain(), "news beats a copy");
  }

  @Test
  void aBrokenOneAfterARestartIsWhatItWasBefore() {
    MeshConfigMap before = map();
    listed(before, Map.of("mesh", "trustDomain: a.example"));
    before.put(object(Map.of("mesh", "trustDomain: [")));
    MeshConfigMap after = map();
    listed(after, Map.of("mesh", "trustDomain: ["));
    assertEquals("a.example", settings(after).trustDomain());
    assertEquals(1, errors(after).size());
  }

  @Test
  void thatThereWasNoneIsKnownToo() {
    MeshConfigMap before = map();
    before.listed(Map.of());
    assertTrue(map().hasCopy());
    MeshConfigMap after = map();
    after.restore();
    assertEquals(List.of(), after.layers());
  }

  /** What Istio's own installation writes. */
  @Test
  void istiosOwnIsTaken() {
    MeshConfigMap map = map();
    listed(
        map,
        Map.of(
            "mesh",
            """
            defaultConfig:
              discoveryAddress: istiod.istio-system.svc:15012
            defaultProviders:
              metrics:
              - prometheus
            enablePrometheusMerge: true
            rootNamespace: istio-system
            trustDomain: cluster.local
            """,
            "meshNetworks",
            "networks: {}"));
    assertEquals(MeshSettings.DEFAULT, settings(map));
    assertTrue(
        map.findings().stream().noneMatch(f -> f.severity() == Finding.Severity.ERROR),
        map.findings().toString());
  }
}
