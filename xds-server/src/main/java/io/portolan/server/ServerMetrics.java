package io.portolan.server;

import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.portolan.registry.loader.RegistryLoader;
import java.util.List;

/** Meters of the process and of the registry. */
final class ServerMetrics {
  private ServerMetrics() {}

  static PrometheusMeterRegistry of(RegistryLoader loader) {
    PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    new JvmMemoryMetrics().bindTo(metrics);
    new JvmThreadMetrics().bindTo(metrics);
    new ProcessorMetrics().bindTo(metrics);
    metrics.gauge("portolan.registry.services", loader, l -> l.current().services().size());
    metrics.gauge(
        "portolan.registry.endpoints",
        loader,
        l -> l.current().services().values().stream().mapToInt(s -> s.endpoints().size()).sum());
    metrics.gauge("portolan.registry.generation", loader, l -> l.current().generation());
    metrics.gauge("portolan.registry.rejected.changes", loader, RegistryLoader::rejected);
    metrics.gauge(
        "portolan.gateways.down",
        loader,
        l ->
            l.current().gateways().values().stream()
                .flatMap(List::stream)
                .filter(g -> !g.up())
                .count());
    return metrics;
  }
}
