package io.portolan.xds.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.util.concurrent.MoreExecutors;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import io.portolan.xds.stream.SecretVersions;
import io.portolan.xds.stream.StreamAction;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StreamDrainTest {
  private static final String NAME = "drain-test";

  private final Later later = new Later();
  private final CountingGate gate = new CountingGate();
  private final AdsService ads =
      new AdsService(
          gate,
          StreamLimits.DEFAULT,
          MoreExecutors.directExecutor(),
          MoreExecutors.directExecutor(),
          later);
  private Server server;
  private ManagedChannel channel;

  /** Writes down what is to run later; the test runs it. */
  private static final class Later extends ScheduledThreadPoolExecutor {
    private record Task(long nanos, Runnable work) {}

    private final List<Task> tasks = new ArrayList<>();

    Later() {
      super(0);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable work, long delay, TimeUnit unit) {
      tasks.add(new Task(unit.toNanos(delay), work));
      return super.schedule(() -> {}, 1, TimeUnit.DAYS);
    }
  }

  /** Lets everybody in. */
  private static final class CountingGate implements ProxyGate {
    private int closed;

    @Override
    public Proxy connect(Node node, Connection connection) {
      return new Proxy() {
        @Override
        public SecretVersions secretVersions() {
          return (name, client, current) -> true;
        }

        @Override
        public void opened() {}

        @Override
        public void on(StreamAction action, int bytes) {}

        @Override
        public void closed() {
          closed++;
        }
      };
    }
  }

  /** A proxy that notes how its stream ends. */
  private static final class Client implements StreamObserver<DiscoveryResponse> {
    private Status end = Status.OK;
    private boolean ended;

    @Override
    public void onNext(DiscoveryResponse response) {}

    @Override
    public void onError(Throwable failure) {
      end = Status.fromThrowable(failure);
      ended = true;
    }

    @Override
    public void onCompleted() {
      ended = true;
    }
  }

  @BeforeEach
  void start() throws IOException {
    server =
        InProcessServerBuilder.forName(NAME)
            .directExecutor()
            .addService(ads.definition())
            .build()
            .start();
    channel = InProcessChannelBuilder.forName(NAME).directExecutor().build();
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.shutdownNow();
    later.shutdownNow();
  }

  private Client connect(int number) {
    Client client = new Client();
    var requests =
        AggregatedDiscoveryServiceGrpc.newStub(channel).streamAggregatedResources(client);
    requests.onNext(
        DiscoveryRequest.newBuilder()
            .setNode(Node.newBuilder().setId("n" + number))
            .setTypeUrl("type.googleapis.com/envoy.config.cluster.v3.Cluster")
            .build());
    return client;
  }

  @Test
  void streamsEndOneAfterTheOtherAndNewOnesGoElsewhere() {
    List<Client> clients = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      clients.add(connect(i));
    }
    assertEquals(100, ads.streams());
    Duration longest = Duration.ofSeconds(1);
    CompletableFuture<Void> drained = ads.drain(longest, new Random(7));

    assertEquals(100, later.tasks.size());
    assertTrue(clients.stream().noneMatch(c -> c.ended), "nobody is sent away at once");
    for (int tenth = 0; tenth < 10; tenth++) {
      long from = longest.toNanos() / 10 * tenth;
      long to = longest.toNanos() / 10 * (tenth + 1);
      long here = later.tasks.stream().filter(t -> t.nanos() >= from && t.nanos() < to).count();
      assertTrue(here >= 2 && here <= 25, here + " streams in tenth " + tenth);
    }

    Client late = connect(100);
    assertEquals(Status.Code.UNAVAILABLE, late.end.getCode());
    assertFalse(drained.isDone());

    later.tasks.forEach(t -> t.work().run());
    assertTrue(drained.isDone());
    assertEquals(0, ads.streams());
    assertEquals(100, gate.closed);
    for (Client client : clients) {
      assertEquals(Status.Code.UNAVAILABLE, client.end.getCode());
      assertTrue(String.valueOf(client.end.getDescription()).contains("connect again"));
    }
  }

  @Test
  void fewStreamsDoNotWaitForTheWholeTime() {
    connect(0);
    connect(1);
    var _ = ads.drain(Duration.ofMinutes(1), new Random(7));
    long last = later.tasks.stream().mapToLong(Later.Task::nanos).max().orElseThrow();
    assertTrue(last <= StreamDrain.PER_STREAM.multipliedBy(2).toNanos());
  }

  @Test
  void withoutStreamsDrainingIsDoneAtOnce() {
    assertTrue(ads.drain(Duration.ofMinutes(1), new Random(7)).isDone());
  }

  @Test
  void aStreamThatEndsByItselfIsNotWaitedFor() {
    connect(0);
    CompletableFuture<Void> drained = ads.drain(Duration.ofMinutes(1), new Random(7));
    channel.shutdownNow();
    assertTrue(drained.isDone());
  }
}
