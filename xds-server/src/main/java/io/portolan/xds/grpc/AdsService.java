package io.portolan.xds.grpc;

import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.portolan.xds.stream.StreamAction;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/** The ADS service: both protocols, one kind of stream. */
public final class AdsService {
  /** Enough to keep every core busy; far less than a push to thousands of proxies. */
  private static final long BUDGET_BYTES = 4L << 20;

  private static final Duration BUDGET_PATIENCE = Duration.ofMillis(200);

  private final ProxyGate gate;
  private final StreamLimits limits;
  private final Executor executor;
  private final Executor admission;
  private final ScheduledExecutorService timer;
  private final SendBudget budget;
  private final AtomicLong ids = new AtomicLong();
  private final StreamDrain drain = new StreamDrain();

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
    return open(call, new Requests.Sotw(limits));
  }

  private ServerCall.Listener<DeltaDiscoveryRequest> delta(
      ServerCall<DeltaDiscoveryRequest, StreamAction.Send> call, Metadata headers) {
    return open(call, new Requests.Delta(limits));
  }

  private <R> ServerCall.Listener<R> open(
      ServerCall<R, StreamAction.Send> call, Requests<R> requests) {
    AdsStream<R> stream =
        new AdsStream<>(
            ids.incrementAndGet(),
            call,
            requests,
            gate,
            limits,
            budget,
            executor,
            admission,
            timer,
            drain::ended);
    if (drain.admit(stream)) {
      return stream.open();
    }
    call.close(StreamDrain.GOING, new Metadata());
    return new ServerCall.Listener<>() {};
  }

  /**
   * Ends every stream at a random moment of the time given, and refuses new ones.
   *
   * @param longest over how long; few streams take less
   * @return done when no stream is open
   */
  public CompletableFuture<Void> drain(Duration longest, RandomGenerator random) {
    return drain.begin(longest, timer, random);
  }

  /** How many streams are open. */
  public int streams() {
    return drain.open();
  }
}
