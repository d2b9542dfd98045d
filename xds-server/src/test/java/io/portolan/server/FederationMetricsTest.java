package io.portolan.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.portolan.registry.federation.MemberStatus;
import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.ClusterCondition.Phase;
import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FederationMetricsTest {
  private static final ClusterCondition LIVE =
      new ClusterCondition(Phase.LIVE, Treatment.KEEP, "", false);
  private static final ClusterCondition STALE =
      new ClusterCondition(Phase.STALE, Treatment.DEMOTE, "data path lost", false);

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final FederationMetrics metrics = new FederationMetrics(registry);

  private static MemberStatus member(String cluster, ClusterCondition condition) {
    return new MemberStatus(
        cluster,
        condition,
        Instant.EPOCH,
        true,
        Duration.ofMillis(2500),
        null,
        null,
        "",
        Map.of(),
        List.of(),
        0,
        0,
        "",
        "",
        "",
        "",
        List.of());
  }

  @Test
  void aPhaseIsOneSeriesAndGoesWithTheCluster() {
    metrics.refresh(List.of(member("east", LIVE), member("west", LIVE)));
    metrics.transition("east", LIVE, STALE);
    metrics.heldDown("east", Kind.SERVICE);
    metrics.snapshotFailed("east");
    metrics.replaced("east");
    metrics.refresh(List.of(member("east", STALE), member("west", LIVE)));
    String page = registry.scrape();
    assertTrue(
        page.contains(
            "portolan_cluster_phase{cluster=\"east\",phase=\"STALE\",restored=\"false\",treatment=\"DEMOTE\"}"
                + " 1.0"),
        page);
    assertTrue(page.contains("portolan_cluster_stale_seconds{cluster=\"east\"} 2.5"), page);
    assertTrue(
        page.contains(
            "portolan_cluster_transitions_total{cluster=\"east\",phase=\"STALE\",treatment=\"DEMOTE\"}"
                + " 1.0"),
        page);
    assertTrue(
        page.contains("portolan_cluster_relists_held_total{cluster=\"east\",kind=\"Service\"} 1.0"),
        page);
    assertTrue(page.contains("portolan_cluster_replacements_total{cluster=\"east\"} 1.0"), page);
    assertEquals(1, count(page, "portolan_cluster_phase{cluster=\"east\""));
    metrics.gone("east");
    metrics.refresh(List.of(member("west", LIVE)));
    assertEquals(0, count(registry.scrape(), "\"east\""));
    assertEquals(1, count(registry.scrape(), "portolan_cluster_phase{cluster=\"west\""));
  }

  private static int count(String text, String part) {
    return (text.length() - text.replace(part, "").length()) / part.length();
  }
}
