package io.portolan.xds.push;

import io.grpc.Status;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.portolan.xds.snapshot.ResourceType;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** Counters of the streams. */
public final class PushMetrics {
  private final MeterRegistry registry;
  private final AtomicInteger connected = new AtomicInteger();
  private final Map<ResourceType, Counter> sent = new EnumMap<>(ResourceType.class);
  private final Map<ResourceType, Counter> bytes = new EnumMap<>(ResourceType.class);
  private final Map<ResourceType, Counter> acked = new EnumMap<>(ResourceType.class);
  private final Map<ResourceType, Counter> nacked = new EnumMap<>(ResourceType.class);
  private final Counter ignored;

  /** Registers the meters. */
  public PushMetrics(MeterRegistry registry) {
    this.registry = registry;
    registry.gauge("portolan.proxies.connected", connected);
    for (ResourceType type : ResourceType.values()) {
      String name = type.shortName();
      sent.put(type, registry.counter("portolan.xds.responses", "type", name));
      bytes.put(type, registry.counter("portolan.xds.resource.bytes", "type", name));
      acked.put(type, registry.counter("portolan.xds.acks", "type", name));
      nacked.put(type, registry.counter("portolan.xds.nacks", "type", name));
    }
    ignored = registry.counter("portolan.xds.requests.ignored");
  }

  void connected() {
    connected.incrementAndGet();
  }

  void disconnected() {
    connected.decrementAndGet();
  }

  void refused(Status.Code code) {
    registry.counter("portolan.proxies.refused", "status", code.name()).increment();
  }

  void sent(ResourceType type, int size) {
    count(sent, type, 1);
    count(bytes, type, size);
  }

  void acked(ResourceType type) {
    count(acked, type, 1);
  }

  void nacked(ResourceType type) {
    count(nacked, type, 1);
  }

  void ignored() {
    ignored.increment();
  }

  private static void count(Map<ResourceType, Counter> counters, ResourceType type, double by) {
    Counter counter = counters.get(type);
    if (counter != null) {
      counter.increment(by);
    }
  }
}
