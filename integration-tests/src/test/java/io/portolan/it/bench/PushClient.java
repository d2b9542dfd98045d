package io.portolan.it.bench;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.portolan.xds.snapshot.ResourceType;
import java.io.DataInputStream;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** Many delta streams that acknowledge what they get; one line per round in which all did. */
public final class PushClient {
  private static final int STREAMS_PER_CHANNEL = 1;

  private PushClient() {}

  /** Arguments: server name, port, streams. Runs until killed. */
  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[1]);
    int streams = Integer.parseInt(args[2]);
    AtomicLong received = new AtomicLong();
    if (args[0].equals("raw")) {
      System.out.println("ready");
      for (int i = 0; i < streams; i++) {
        Socket socket = new Socket("127.0.0.1", port);
        Thread.ofVirtual().start(() -> read(socket, received, streams));
      }
    } else {
      List<ManagedChannel> channels = new ArrayList<>();
      for (int i = 0; i < streams; i++) {
        if (i % STREAMS_PER_CHANNEL == 0) {
          channels.add(
              NettyChannelBuilder.forAddress("127.0.0.1", port)
                  .usePlaintext()
                  .maxInboundMessageSize(64 << 20)
                  .flowControlWindow(16 << 20)
                  .build());
        }
        AggregatedDiscoveryServiceGrpc.newStub(channels.getLast())
            .deltaAggregatedResources(new Stream(i, received, streams));
      }
    }
    new CountDownLatch(1).await();
  }

  private static void count(AtomicLong received, int streams) {
    if (received.incrementAndGet() % streams == 0) {
      System.out.println("round");
    }
  }

  private static void read(Socket socket, AtomicLong received, int streams) {
    try (DataInputStream in = new DataInputStream(socket.getInputStream())) {
      byte[] buffer = new byte[1 << 20];
      while (true) {
        in.readFully(buffer, 0, in.readInt());
        count(received, streams);
      }
    } catch (java.io.IOException e) {
      System.err.println(e);
    }
  }

  private static final class Stream
      implements ClientResponseObserver<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
    private final int number;
    private final AtomicLong received;
    private final int streams;
    private ClientCallStreamObserver<DeltaDiscoveryRequest> requests;

    Stream(int number, AtomicLong received, int streams) {
      this.number = number;
      this.received = received;
      this.streams = streams;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<DeltaDiscoveryRequest> requests) {
      this.requests = requests;
      requests.setOnReadyHandler(
          new Runnable() {
            private boolean asked;

            @Override
            public void run() {
              if (!asked) {
                asked = true;
                requests.onNext(
                    DeltaDiscoveryRequest.newBuilder()
                        .setNode(Node.newBuilder().setId("bench-" + number).setCluster("bench"))
                        .setTypeUrl(ResourceType.ENDPOINT.typeUrl())
                        .addResourceNamesSubscribe(BenchServers.NAME)
                        .build());
              }
            }
          });
    }

    @Override
    public void onNext(DeltaDiscoveryResponse response) {
      requests.onNext(
          DeltaDiscoveryRequest.newBuilder()
              .setTypeUrl(response.getTypeUrl())
              .setResponseNonce(response.getNonce())
              .build());
      count(received, streams);
    }

    @Override
    public void onError(Throwable failure) {
      System.err.println(failure);
    }

    @Override
    public void onCompleted() {
      System.err.println("completed");
    }
  }
}
