package io.portolan.xds.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.grpc.ForwardingServerCallListener;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.portolan.xds.snapshot.ResourceSet;
import io.portolan.xds.snapshot.ResourceType;
import io.portolan.xds.snapshot.Snapshot;
import io.portolan.xds.stream.SecretVersions;
import io.portolan.xds.stream.StreamAction;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A gate that takes its time, with one thread for all streams. */
class AdmissionTest {
  private static final Snapshot NOTHING =
      new Snapshot(
          ResourceSet.EMPTY,
          ResourceSet.EMPTY,
          ResourceSet.EMPTY,
          ResourceSet.EMPTY,
          ResourceSet.EMPTY);

  private final ExecutorService streams = Executors.newSingleThreadExecutor();
  private final ExecutorService admission = Executors.newVirtualThreadPerTaskExecutor();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final CountDownLatch asked = new CountDownLatch(1);
  private final CountDownLatch release = new CountDownLatch(1);
  private final CountDownLatch cancelled = new CountDownLatch(1);
  private final AtomicInteger opened = new AtomicInteger();
  private final AtomicInteger closed = new AtomicInteger();
  private Server server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .directExecutor()
            .intercept(new CancelWatch(cancelled))
            .addService(
                new AdsService(this::connect, StreamLimits.DEFAULT, streams, admission, timer)
                    .definition())
            .build()
            .start();
    channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort()).usePlaintext().build();
  }

  @AfterEach
  void stop() throws Exception {
    release.countDown();
    channel.shutdownNow();
    channel.awaitTermination(10, TimeUnit.SECONDS);
    server.shutdownNow();
    server.awaitTermination(10, TimeUnit.SECONDS);
    admission.shutdownNow();
    streams.shutdownNow();
    timer.shutdownNow();
  }

  private record CancelWatch(CountDownLatch cancelled) implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      return new ForwardingServerCallListener.SimpleForwardingServerCallListener<>(
          next.startCall(call, headers)) {
        @Override
        public void onCancel() {
          super.onCancel();
          cancelled.countDown();
        }
      };
    }
  }

  private ProxyGate.Proxy connect(Node node, ProxyGate.Connection connection)
      throws StatusException {
    switch (node.getId()) {
      case "slow" -> {
        asked.countDown();
        try {
          release.await();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      case "refused" ->
          throw Status.PERMISSION_DENIED.withDescription("not this one").asException();
      case "broken" -> throw new IllegalStateException("a defect");
      default -> {}
    }
    return new ProxyGate.Proxy() {
      @Override
      public SecretVersions secretVersions() {
        return (name, clientVersion, currentVersion) -> clientVersion.equals(currentVersion);
      }

      @Override
      public void opened() {
        opened.incrementAndGet();
        connection.sink().accept(NOTHING);
      }

      @Override
      public void on(StreamAction action, int bytes) {}

      @Override
      public void closed() {
        closed.incrementAndGet();
      }
    };
  }

  private final class Client implements StreamObserver<DeltaDiscoveryResponse> {
    final BlockingQueue<Object> events = new LinkedBlockingQueue<>();
    final StreamObserver<DeltaDiscoveryRequest> requests =
        AggregatedDiscoveryServiceGrpc.newStub(channel).deltaAggregatedResources(this);

    Client ask(String node, ResourceType type, String... names) {
      requests.onNext(
          DeltaDiscoveryRequest.newBuilder()
              .setNode(Node.newBuilder().setId(node))
              .setTypeUrl(type.typeUrl())
              .addAllResourceNamesSubscribe(java.util.List.of(names))
              .build());
      return this;
    }

    @Override
    public void onNext(DeltaDiscoveryResponse value) {
      events.add(value.getTypeUrl());
    }

    @Override
    public void onError(Throwable failure) {
      events.add(Status.fromThrowable(failure));
    }

    @Override
    public void onCompleted() {
      events.add(Status.OK);
    }

    Object event() throws InterruptedException {
      Object event = events.poll(20, TimeUnit.SECONDS);
      assertNotNull(event, "an event within 20 s");
      return event;
    }
  }

  @Test
  void aSlowAdmissionDelaysNoOtherStreamAndKeepsTheOrderOfRequests() throws Exception {
    Client slow = new Client();
    slow.ask("slow", ResourceType.CLUSTER)
        .ask("", ResourceType.ENDPOINT, "a")
        .ask("", ResourceType.SECRET, "b");
    assertTrue(asked.await(20, TimeUnit.SECONDS));
    Client fast = new Client().ask("fast", ResourceType.CLUSTER);
    assertEquals(ResourceType.CLUSTER.typeUrl(), fast.event());
    assertEquals(1, opened.get());
    release.countDown();
    assertEquals(ResourceType.CLUSTER.typeUrl(), slow.event());
    assertEquals(ResourceType.ENDPOINT.typeUrl(), slow.event());
    assertEquals(ResourceType.SECRET.typeUrl(), slow.event());
    assertEquals(2, opened.get());
  }

  @Test
  void aStreamThatEndsDuringItsAdmissionIsNeverOpened() throws Exception {
    Client slow = new Client().ask("slow", ResourceType.CLUSTER);
    assertTrue(asked.await(20, TimeUnit.SECONDS));
    slow.requests.onError(Status.CANCELLED.asRuntimeException());
    assertTrue(cancelled.await(20, TimeUnit.SECONDS));
    release.countDown();
    admission.close();
    streams.submit(() -> {}).get(20, TimeUnit.SECONDS);
    assertEquals(0, opened.get());
    assertEquals(0, closed.get());
  }

  @Test
  void aRefusalEndsTheStreamWithItsReason() throws Exception {
    Status refused =
        assertInstanceOf(Status.class, new Client().ask("refused", ResourceType.CLUSTER).event());
    assertEquals(Status.Code.PERMISSION_DENIED, refused.getCode());
    assertEquals("not this one", refused.getDescription());
    Status broken =
        assertInstanceOf(Status.class, new Client().ask("broken", ResourceType.CLUSTER).event());
    assertEquals(Status.Code.INTERNAL, broken.getCode());
    assertEquals(0, opened.get());
  }

  @Test
  void aStoppingControlPlaneSendsClientsElsewhere() throws Exception {
    admission.shutdown();
    Status status =
        assertInstanceOf(Status.class, new Client().ask("late", ResourceType.CLUSTER).event());
    assertEquals(Status.Code.UNAVAILABLE, status.getCode());
  }
}
