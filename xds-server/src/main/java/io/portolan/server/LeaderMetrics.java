package io.portolan.server;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.portolan.registry.source.kubernetes.roots.RootEvents;
import io.portolan.registry.source.kubernetes.roots.RootStatus;
import io.portolan.xds.admin.LeaderPage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Meters of the election and of what the leader writes. Safe for any thread. */
final class LeaderMetrics implements RootEvents {
  private static final Duration REFRESH = Duration.ofSeconds(5);
  private static final String CLUSTER = "cluster";

  private final MeterRegistry registry;
  private final MultiGauge leading;
  private final MultiGauge epoch;
  private final MultiGauge namespaces;

  LeaderMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.leading =
        MultiGauge.builder("portolan.leader")
            .description("1 when this replica leads, 0 when another one does or none")
            .register(registry);
    this.epoch =
        MultiGauge.builder("portolan.leader.epoch")
            .description("how often the Lease has changed hands, as this replica last read it")
            .register(registry);
    this.namespaces =
        MultiGauge.builder("portolan.roots.namespaces")
            .description("namespaces of a cluster by what is so with their copy of the roots")
            .register(registry);
  }

  /** Reads the view every five seconds. */
  void follow(Supplier<LeaderPage.View> view, ScheduledExecutorService thread) {
    var _ =
        thread.scheduleWithFixedDelay(
            () -> refresh(view.get()), 0, REFRESH.toMillis(), TimeUnit.MILLISECONDS);
  }

  void refresh(LeaderPage.View view) {
    Tags lease = Tags.of("lease", view.lease());
    leading.register(List.of(MultiGauge.Row.of(lease, view.leadership().leading() ? 1 : 0)), true);
    epoch.register(List.of(MultiGauge.Row.of(lease, view.leadership().transitions())), true);
    List<MultiGauge.Row<?>> rows = new ArrayList<>();
    for (RootStatus roots : view.roots()) {
      // What another replica publishes is that one's to count.
      if (roots.state() == RootStatus.State.PUBLISHING) {
        row(rows, roots, "current", roots.current());
        row(rows, roots, "due", roots.due());
        row(rows, roots, "left", roots.left().size());
        row(rows, roots, "failing", roots.failing().size());
      } else if (roots.state() == RootStatus.State.NOT_ALLOWED) {
        row(rows, roots, roots.state().name().toLowerCase(Locale.ROOT), 1);
      }
    }
    namespaces.register(rows, true);
  }

  private static void row(
      List<MultiGauge.Row<?>> rows, RootStatus roots, String state, int number) {
    rows.add(MultiGauge.Row.of(Tags.of(CLUSTER, roots.cluster(), "state", state), number));
  }

  @Override
  public void written(String cluster) {
    registry.counter("portolan.roots.writes", CLUSTER, cluster, "result", "written").increment();
  }

  @Override
  public void failed(String cluster) {
    registry.counter("portolan.roots.writes", CLUSTER, cluster, "result", "failed").increment();
  }
}
