package io.portolan.registry.source.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.ClusterHealth;
import io.portolan.registry.model.ClusterHealth.Control;
import io.portolan.registry.model.ClusterHealth.Data;
import io.portolan.registry.model.ClusterHealth.Signals;
import io.portolan.registry.model.ClusterHealth.Step;
import io.portolan.registry.source.objects.Findings;
import io.portolan.registry.source.objects.SettingsLayer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code clusterHealth} of {@code mesh.yaml}. */
class ClusterHealthSettingsTest {
  private static ClusterHealth read(String yaml, Findings findings) {
    return SettingsLayer.read("mesh.yaml", yaml, findings)
        .map(layer -> SettingsLayer.merge(List.of(layer)).clusterHealth())
        .orElse(ClusterHealth.DEFAULT);
  }

  @Test
  void everythingCanBeSaidAndTheRestKeepsItsDefault() {
    Findings findings = new Findings("mesh.yaml");
    ClusterHealth health =
        read(
            """
            clusterHealth:
              controlFailedAfter: 20s
              controlSilentAfter: 2m
              recovery: 1s
              startGrace: 30s
              restoreAfter: 500ms
              relist: {minimum: 10, holdDown: 1m}
              drain: {unhealthyAfter: 1m, dropAfter: 10m}
              rules:
              - control: LOST
                data: OK
                steps:
                - {after: 1h, treatment: DEMOTE}
                - {after: 24h, treatment: WITHDRAW}
              clusters:
                backup:
                  recovery: 60s
                  rules:
                  - control: LOST
                    data: LOST
                    steps: [{treatment: WITHDRAW}]
            """,
            findings);
    assertEquals(List.of(), findings.list());
    assertEquals(Duration.ofSeconds(20), health.controlFailedAfter());
    assertEquals(Duration.ofMinutes(2), health.controlSilentAfter());
    assertEquals(Duration.ofSeconds(1), health.recovery());
    assertEquals(Duration.ofSeconds(30), health.startGrace());
    assertEquals(Duration.ofMillis(500), health.restoreAfter());
    assertEquals(new ClusterHealth.Relist(10, Duration.ofMinutes(1)), health.relist());
    assertEquals(
        new ClusterHealth.Drain(Duration.ofMinutes(1), Duration.ofMinutes(10)), health.drain());
    assertEquals(
        List.of(
            new Step(Duration.ofHours(1), Treatment.DEMOTE),
            new Step(Duration.ofHours(24), Treatment.WITHDRAW)),
        health.rules().get(new Signals(Control.LOST, Data.OK)));
    Signals both = new Signals(Control.LOST, Data.LOST);
    assertEquals(ClusterHealth.DEFAULT.rules().get(both), health.rules().get(both));
    ClusterHealth backup = health.of("backup");
    assertEquals(Treatment.WITHDRAW, backup.treatment(both, Duration.ZERO));
    assertEquals(Duration.ofSeconds(60), backup.recovery());
    assertEquals(Duration.ofSeconds(20), backup.controlFailedAfter());
    assertEquals(
        Treatment.DEMOTE,
        backup.treatment(new Signals(Control.LOST, Data.OK), Duration.ofHours(2)));
    assertEquals(health, health.of("other"));
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "clusterHealth: {recovery: soon}|clusterHealth.recovery: soon (expected a duration",
        "clusterHealth: {recovery: 1000h}|clusterHealth.recovery: PT1000H (expected at most 168h)",
        "clusterHealth: {relist: {minimum: 0}}|clusterHealth.relist.minimum: 0 (expected 1..",
        "clusterHealth: {recover: 5s}|unknown field, did you mean recovery?",
        "clusterHealth: {rules: [{control: GONE, data: OK, steps: [{treatment: KEEP}]}]}|GONE (expected one of",
        "clusterHealth: {rules: [{data: OK, steps: [{treatment: KEEP}]}]}|rules[0].control: is missing",
        "clusterHealth: {rules: [{control: OK, steps: [{treatment: KEEP}]}]}|rules[0].data: is missing",
        "clusterHealth: {rules: [{control: OK, data: OK}]}|rules[0].steps: is empty",
        "clusterHealth: {rules: [{control: OK, data: LOST, steps: [{after: 5s, treatment: WITHDRAW}, {after: 9s, treatment: KEEP}]}]}|expected steps that come later and are harsher",
        "clusterHealth: {rules: [{control: OK, data: OK, steps: [{treatment: KEEP}]}, {control: OK, data: OK, steps: [{treatment: DEMOTE}]}]}|occurs twice"
      })
  void whatIsWrongIsSaid(String yaml, String finding) {
    Findings findings = new Findings("mesh.yaml");
    read(yaml + "\n", findings);
    assertNotNull(findings.list());
    assertTrue(
        findings.list().stream().anyMatch(f -> f.toString().contains(finding)),
        findings.list().toString());
  }
}
