package io.portolan.xds.grpc;

import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.portolan.xds.stream.StreamAction;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;

/** The ADS service: both protocols, one kind of stream. */
public final class AdsService {
  private final ProxyGate gate;
  private final StreamLimits limits;
  private final Executor executor;
  private final Executor admission;
  private final ScheduledExecutorService timer;
  private final AtomicLong ids = new AtomicLong();

  /**
   * @param executor runs the sessions; each stream uses it serially
   * @param admission asks the gate; its threads may block, one task per stream that opens
   * @param timer ends stalled streams
   */
  public AdsService(
      ProxyGate gate,
      StreamLimits limits,
      Executor executor,
      Executor admission,
      ScheduledExecutorService timer) {
    this.gate = gate;
    this.limits = limits;
    this.executor = executor;
    this.admission = admission;
    this.timer = timer;
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
    return open(call, new Requests.Sotw(limits));
  }

  private ServerCall.Listener<DeltaDiscoveryRequest> delta(
      ServerCall<DeltaDiscoveryRequest, StreamAction.Send> call, Metadata headers) {
    return open(call, new Requests.Delta(limits));
  }

  private <R> ServerCall.Listener<R> open(
      ServerCall<R, StreamAction.Send> call, Requests<R> requests) {
    return new AdsStream<>(
            ids.incrementAndGet(), call, requests, gate, limits, executor, admission, timer)
        .open();
  }
}
