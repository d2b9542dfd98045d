package io.portolan.xds.grpc;

import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.portolan.xds.stream.StreamAction;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** The ADS service: both protocols, one kind of stream. */
public final class AdsService {
  /** Enough to keep every core busy; far less than a push to thousands of proxies. */
  private static final long BUDGET_BYTES = 4L << 20;

  private static final Duration BUDGET_PATIENCE = Duration.ofMillis(200);

  private final ProxyGate gate;
  private final StreamLimits limits;
  private final Executor executor;
  private final ScheduledExecutorService timer;
  private final SendBudget budget;
  private final AtomicLong ids = new AtomicLong();

  /**
   * @param executor runs the sessions; each stream uses it serially
   * @param timer ends stalled streams
   */
  public AdsService(
      ProxyGate gate, StreamLimits limits, Executor executor, ScheduledExecutorService timer) {
    this.gate = gate;
    this.limits = limits;
    this.executor = executor;
    this.timer = timer;
    this.budget =
        new SendBudget(
            BUDGET_BYTES,
            BUDGET_PATIENCE,
            (wait, task) -> {
              var _ = timer.schedule(task, wait.toNanos(), TimeUnit.NANOSECONDS);
            });
  }

  /** What a gRPC server is given. */
  public ServerServiceDefinition definition() {
    return ServerServiceDefinition.builder(AdsMethods.SERVICE)
        .addMethod(AdsMethods.SOTW, this::sotw)
        .addMethod(AdsMethods.DELTA, this::delta)
        .build();
  }

  private ServerCall.Listener<DiscoveryRequest> sotw(
      ServerCall<DiscoveryRequest, StreamAction.Send> call, Metadata headers) {
    return new AdsStream<>(
            ids.incrementAndGet(),
            call,
            new Requests.Sotw(limits),
            gate,
            limits,
            budget,
            executor,
            timer)
        .open();
  }

  private ServerCall.Listener<DeltaDiscoveryRequest> delta(
      ServerCall<DeltaDiscoveryRequest, StreamAction.Send> call, Metadata headers) {
    return new AdsStream<>(
            ids.incrementAndGet(),
            call,
            new Requests.Delta(limits),
            gate,
            limits,
            budget,
            executor,
            timer)
        .open();
  }
}
