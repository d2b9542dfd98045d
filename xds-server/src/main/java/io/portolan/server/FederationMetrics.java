package io.portolan.server;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.portolan.registry.federation.FederationEvents;
import io.portolan.registry.federation.MemberStatus;
import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.Kind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Meters of member clusters. A cluster that is gone has none. Safe for any thread. */
final class FederationMetrics implements FederationEvents {
  private static final Duration REFRESH = Duration.ofSeconds(5);
  private static final String CLUSTER = "cluster";

  private final MeterRegistry registry;
  private final MultiGauge phase;
  private final MultiGauge stale;
  private final MultiGauge held;

  FederationMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.phase =
        MultiGauge.builder("portolan.cluster.phase")
            .description("1 for the phase and treatment that a member cluster is in")
            .register(registry);
    this.stale =
        MultiGauge.builder("portolan.cluster.stale.seconds")
            .description("time since the last sign of life of a member cluster's API server")
            .register(registry);
    this.held =
        MultiGauge.builder("portolan.cluster.relists.doubted")
            .description("lists of a member cluster that are held down now")
            .register(registry);
  }

  /** Reads the members every five seconds. */
  void follow(Supplier<List<MemberStatus>> members, ScheduledExecutorService timer) {
    var _ =
        timer.scheduleWithFixedDelay(
            () -> refresh(members.get()), 0, REFRESH.toMillis(), TimeUnit.MILLISECONDS);
  }

  void refresh(List<MemberStatus> members) {
    phase.register(
        members.stream()
            .map(
                m ->
                    MultiGauge.Row.of(
                        Tags.of(
                            CLUSTER,
                            m.cluster(),
                            "phase",
                            m.condition().phase().name(),
                            "treatment",
                            m.condition().treatment().name(),
                            "restored",
                            Boolean.toString(m.condition().restored())),
                        1))
            .toList(),
        true);
    stale.register(
        members.stream()
            .map(
                m -> MultiGauge.Row.of(Tags.of(CLUSTER, m.cluster()), m.silence().toMillis() / 1e3))
            .toList(),
        true);
    held.register(
        members.stream()
            .map(m -> MultiGauge.Row.of(Tags.of(CLUSTER, m.cluster()), m.held().size()))
            .toList(),
        true);
  }

  @Override
  public void transition(String cluster, ClusterCondition from, ClusterCondition to) {
    registry
        .counter(
            "portolan.cluster.transitions",
            CLUSTER,
            cluster,
            "phase",
            to.phase().name(),
            "treatment",
            to.treatment().name())
        .increment();
  }

  @Override
  public void heldDown(String cluster, Kind kind) {
    registry
        .counter("portolan.cluster.relists.held", CLUSTER, cluster, "kind", kind.kubernetesName())
        .increment();
  }

  @Override
  public void snapshotFailed(String cluster) {
    registry.counter("portolan.cluster.snapshot.failures", CLUSTER, cluster).increment();
  }

  @Override
  public void replaced(String cluster) {
    registry.counter("portolan.cluster.replacements", CLUSTER, cluster).increment();
  }

  @Override
  public void gone(String cluster) {
    for (Meter meter : registry.getMeters()) {
      if (meter.getId().getName().startsWith("portolan.cluster.")
          && cluster.equals(meter.getId().getTag(CLUSTER))) {
        registry.remove(meter);
      }
    }
  }
}
