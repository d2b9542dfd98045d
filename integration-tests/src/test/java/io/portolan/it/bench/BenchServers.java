package io.portolan.it.bench;

import io.envoyproxy.controlplane.cache.v3.SimpleCache;
import io.envoyproxy.controlplane.server.V3DiscoveryServer;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.grpc.netty.NettyServerBuilder;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Locality;
import io.portolan.xds.generate.endpoint.AssignmentGenerator;
import io.portolan.xds.grpc.AdsService;
import io.portolan.xds.grpc.AdsTransport;
import io.portolan.xds.grpc.ProxyGate;
import io.portolan.xds.grpc.StreamLimits;
import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.Layer;
import io.portolan.xds.snapshot.ResourceSet;
import io.portolan.xds.snapshot.Snapshot;
import io.portolan.xds.stream.SecretVersions;
import io.portolan.xds.stream.StreamAction;
import io.portolan.xds.view.AssignmentView;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;

/** The three servers of {@link PushCostBench}. */
final class BenchServers {
  static final String NAME = "outbound|80||big.demo.svc.cluster.local";

  private BenchServers() {}

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  /** The assignment in which one endpoint follows the round, as the generator makes it. */
  static EncodedResource resource(int endpoints, int round) {
    List<AssignmentView.Host> hosts = new ArrayList<>();
    for (int i = 0; i < endpoints; i++) {
      Health health = i == 0 && round % 2 == 1 ? Health.UNHEALTHY : Health.HEALTHY;
      hosts.add(
          new AssignmentView.Host(
              "10.0." + i / 256 + "." + i % 256,
              8080,
              health,
              1,
              true,
              "",
              "big-6d4b75cb6d-" + i + ";demo;east",
              new AssignmentView.Why(List.of(), "", ""),
              List.of()));
    }
    return AssignmentGenerator.generate(
        new AssignmentView(
            NAME,
            List.of(new AssignmentView.Group(Locality.parse("us-east/us-east-1a"), 0, hosts)),
            false,
            List.of()),
        List.of());
  }

  static ClusterLoadAssignment assignment(int endpoints, int round) {
    try {
      return com.google.protobuf.Any.parseFrom(resource(endpoints, round).anyForPeople())
          .unpack(ClusterLoadAssignment.class);
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }

  /** This project's streams behind a gate that lets everybody in. */
  static final class Portolan implements PushCostBench.Server, ProxyGate {
    private final int endpoints;
    private final Queue<Connection> connections = new ConcurrentLinkedQueue<>();
    private final ExecutorService streams = Executors.newFixedThreadPool(2);
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final io.grpc.Server server;
    private volatile Snapshot snapshot;

    Portolan(int endpoints) throws java.io.IOException {
      this.endpoints = endpoints;
      this.snapshot = of(Layer.of(List.of(resource(endpoints, 0))));
      this.server =
          AdsTransport.configure(NettyServerBuilder.forAddress(loopback()))
              .addService(
                  new AdsService(this, StreamLimits.DEFAULT, streams, streams, timer).definition())
              .build()
              .start();
    }

    private static Snapshot of(Layer layer) {
      return new Snapshot(
          ResourceSet.EMPTY,
          new ResourceSet(layer, Layer.EMPTY),
          ResourceSet.EMPTY,
          ResourceSet.EMPTY,
          ResourceSet.EMPTY);
    }

    @Override
    public Proxy connect(Node node, Connection connection) {
      connections.add(connection);
      return new Proxy() {
        @Override
        public SecretVersions secretVersions() {
          return (name, held, current) -> held.equals(current);
        }

        @Override
        public void opened() {
          connection.sink().accept(snapshot);
        }

        @Override
        public void on(StreamAction action, int bytes) {}

        @Override
        public void closed() {}
      };
    }

    @Override
    public int port() {
      return server.getPort();
    }

    @Override
    public void push(int round) {
      Snapshot next =
          of(snapshot.endpoints().shared().derive(List.of(resource(endpoints, round)), List.of()));
      snapshot = next;
      connections.forEach(c -> c.sink().accept(next));
    }

    @Override
    public void close() {
      server.shutdownNow();
      streams.shutdownNow();
      timer.shutdownNow();
    }
  }

  /** The published java-control-plane server. */
  static final class Published implements PushCostBench.Server {
    private final int endpoints;
    private final SimpleCache<String> cache = new SimpleCache<>(node -> "all");
    private final io.grpc.Server server;

    Published(int endpoints) throws java.io.IOException {
      this.endpoints = endpoints;
      push(0);
      this.server =
          NettyServerBuilder.forAddress(loopback())
              .directExecutor()
              .flowControlWindow(64 * 1024)
              .addService(new V3DiscoveryServer(cache).getAggregatedDiscoveryServiceImpl())
              .build()
              .start();
    }

    @Override
    public int port() {
      return server.getPort();
    }

    @Override
    public void push(int round) {
      cache.setSnapshot(
          "all",
          io.envoyproxy.controlplane.cache.v3.Snapshot.create(
              List.of(),
              List.of(assignment(endpoints, round)),
              List.of(),
              List.of(),
              List.of(),
              Integer.toString(round)));
    }

    @Override
    public void close() {
      server.shutdownNow();
    }
  }

  /** The bytes of one response, to plain sockets, by one blocking thread per core. */
  static final class Raw implements PushCostBench.Server {
    private final int endpoints;
    private final int streams;
    private final int threads = Runtime.getRuntime().availableProcessors();
    private final ServerSocket listening;
    private final List<Socket> sockets = new ArrayList<>();
    private final ExecutorService writers = Executors.newFixedThreadPool(threads);

    Raw(int endpoints, int streams) throws java.io.IOException {
      this.endpoints = endpoints;
      this.streams = streams;
      this.listening = new ServerSocket(0, streams, InetAddress.getLoopbackAddress());
    }

    @Override
    public int port() {
      return listening.getLocalPort();
    }

    @Override
    public void push(int round) throws Exception {
      while (sockets.size() < streams) {
        sockets.add(listening.accept());
      }
      byte[] frame = frame(resource(endpoints, round), round);
      List<Future<?>> writing = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        int first = t;
        writing.add(
            writers.submit(
                () -> {
                  for (int i = first; i < sockets.size(); i += threads) {
                    sockets.get(i).getOutputStream().write(frame);
                  }
                  return null;
                }));
      }
      for (Future<?> part : writing) {
        part.get();
      }
    }

    /** What Portolan's delta streams send, behind four bytes of length. */
    private static byte[] frame(EncodedResource resource, int round) throws java.io.IOException {
      List<byte[]> chunks = new ArrayList<>();
      chunks.add(
          DeltaDiscoveryResponse.newBuilder()
              .setSystemVersionInfo(resource.version())
              .setTypeUrl(resource.type().typeUrl())
              .setNonce(Integer.toString(round))
              .build()
              .toByteArray());
      resource.deltaChunks(chunks);
      var bytes = new java.io.ByteArrayOutputStream();
      for (byte[] chunk : chunks) {
        bytes.write(chunk);
      }
      return ByteBuffer.allocate(4 + bytes.size())
          .putInt(bytes.size())
          .put(bytes.toByteArray())
          .array();
    }

    @Override
    public void close() throws java.io.IOException {
      writers.shutdownNow();
      for (Socket socket : sockets) {
        socket.close();
      }
      listening.close();
    }
  }
}
