package io.portolan.registry.source.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.model.LocalityPattern;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.TrafficPolicy.Distribute;
import io.portolan.registry.model.TrafficPolicy.LocalityLb;
import io.portolan.registry.source.objects.Finding;
import io.portolan.registry.source.objects.Findings;
import io.portolan.registry.source.objects.SettingsLayer;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code localityLbSetting}: the same reader serves the mesh and DestinationRules. */
class LocalitySettingTest {
  private static @Nullable MeshSettings read(String yaml, Findings findings) {
    return SettingsLayer.read("mesh.yaml", "localityLbSetting:\n" + yaml.indent(2), findings)
        .map(layer -> SettingsLayer.merge(List.of(layer)))
        .orElse(null);
  }

  @Test
  void allThreeTogether() {
    Findings findings = new Findings("mesh.yaml");
    MeshSettings settings =
        read(
            """
            distribute:
            - from: eu/eu-1/*
              to: {"eu/eu-1/*": 80, "eu/eu-2": 20}
            - from: "us/*"
              to: {"*": 100}
            failover: [{from: eu, to: us}]
            failoverPriority: [topology.istio.io/network, "tier=gold"]
            """,
            findings);
    assertEquals(List.of(), findings.list());
    assertNotNull(settings);
    assertEquals(
        new LocalityLb(
            true,
            List.of(
                new Distribute("eu/eu-1/*", Map.of("eu/eu-1/*", 80, "eu/eu-2", 20)),
                new Distribute("us/*", Map.of("*", 100))),
            Map.of("eu", "us"),
            List.of("topology.istio.io/network", "tier=gold")),
        settings.localityLb());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          'distribute: [{from: eu, to: {eu: 80, us: 10}}]'        | distribute[0].to         | sum to 90 (expected 100)
          'distribute: [{from: eu, to: {eu: 0, us: 100}}]'        | distribute[0].to.eu      | 0 (expected 1..100)
          'distribute: [{from: eu, to: {eu: most}}]'              | distribute[0].to.eu      | most (expected 1..100)
          'distribute: [{from: eu}]'                              | distribute[0].to         | is missing
          'distribute: [{to: {eu: 100}}]'                         | distribute[0].from       | is missing
          'distribute: [{from: "*/eu-1", to: {eu: 100}}]'         | distribute[0].from       | '*/eu-1'
          'distribute: [{from: a/b/c/d, to: {eu: 100}}]'          | distribute[0].from       | expected region/zone/subzone
          'distribute: [{from: eu, to: {"eu//x": 100}}]'          | distribute[0].to.eu//x   | expected region/zone/subzone
          'distribute: [{from: eu, to: {"eu/*": 50, eu/a: 50}}]'  | distribute[0].to.eu/a    | overlaps eu/*
          'distribute: [{from: eu, to: {eu: 100}}, {from: eu/a, to: {eu: 100}}]' | distribute[1].from | overlaps eu
          'failover: [{from: eu, to: eu}]'                        | failover[0].to           | another region
          'failover: [{from: eu/a, to: us}]'                      | failover[0].from         | a region alone
          'failover: [{from: eu, to: "*"}]'                       | failover[0].to           | a region alone
          'failover: [{to: us}]'                                  | failover[0].from         | is missing
          'failoverPriority: ["=x"]'                              | failoverPriority         | expected a label
          '{failover: [{from: a, to: b}], failoverPriority: [topology.kubernetes.io/zone]}' | failoverPriority | beside failover
          """)
  void whatIsWrongIsNamed(String setting, String field, String message) {
    Findings findings = new Findings("mesh.yaml");
    read(setting, findings);
    List<String> errors =
        findings.list().stream()
            .filter(f -> f.severity() == Finding.Severity.ERROR)
            .map(Finding::text)
            .toList();
    assertTrue(
        errors.stream()
            .anyMatch(
                e -> e.startsWith("localityLbSetting." + field + ": ") && e.contains(message)),
        errors.toString());
  }

  @Test
  void theFirstFailoverOfARegionCounts() {
    Findings findings = new Findings("mesh.yaml");
    MeshSettings settings = read("failover: [{from: a, to: b}, {from: a, to: c}]", findings);
    assertNotNull(settings);
    assertEquals(Map.of("a", "b"), settings.localityLb().failover());
    assertEquals(1, findings.list().size(), findings.list().toString());
    assertEquals(Finding.Severity.WARNING, findings.list().getFirst().severity());
  }

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          *,           eu/eu-1/r1, true
          *,           '',         true
          eu,          eu/eu-1/r1, true
          eu/*,        eu,         true
          eu/eu-1,     eu/eu-1/r1, true
          eu/eu-1/*,   eu/eu-1,    true
          eu/eu-1/r1,  eu/eu-1/r1, true
          eu/eu-1/r1,  eu/eu-1,    false
          eu/eu-1,     eu,         false
          us,          eu/eu-1,    false
          """)
  void patternsMatch(String pattern, String locality, boolean matches) {
    assertEquals(
        matches,
        LocalityPattern.parse(pattern)
            .matches(io.portolan.registry.model.Locality.parse(locality)));
  }
}
