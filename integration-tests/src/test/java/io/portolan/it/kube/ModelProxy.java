package io.portolan.it.kube;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.HealthStatus;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.Resource;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * A proxy that speaks the delta protocol, keeps what it is sent and counts it: what a proxy sees of
 * a fault.
 */
final class ModelProxy implements AutoCloseable {
  static final String CDS = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
  static final String EDS = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";

  private final ManagedChannel channel;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<String, Cluster> clusters = new TreeMap<>();
  private final Map<String, ClusterLoadAssignment> assignments = new TreeMap<>();
  private final StreamObserver<DeltaDiscoveryRequest> requests;
  private final List<String> log = new ArrayList<>();
  private int responses;
  private int resources;
  private String ended = "";

  /** What was sent since a moment. */
  record Sent(int responses, int resources) {
    Sent since(Sent earlier) {
      return new Sent(responses - earlier.responses, resources - earlier.resources);
    }
  }

  /** One endpoint as the proxy has it. */
  record Host(String address, int port, int priority, HealthStatus health, int weight) {
    @Override
    public String toString() {
      return address + ":" + port + "@" + priority + "/" + health + "*" + weight;
    }
  }

  /** Connects to a plaintext xDS port. */
  ModelProxy(InetSocketAddress xds, String cluster, String network) {
    channel =
        NettyChannelBuilder.forAddress(xds).usePlaintext().maxInboundMessageSize(256 << 20).build();
    requests =
        AggregatedDiscoveryServiceGrpc.newStub(channel).deltaAggregatedResources(new Answers());
    Struct metadata =
        Struct.newBuilder()
            .putFields("CLUSTER_ID", text(cluster))
            .putFields("NETWORK", text(network))
            .putFields("NAMESPACE", text("demo"))
            .putFields("SERVICE_ACCOUNT", text("client"))
            .build();
    send(
        DeltaDiscoveryRequest.newBuilder()
            .setTypeUrl(CDS)
            .setNode(
                Node.newBuilder()
                    .setId("sidecar~10.99.0.1~client-" + cluster + ".demo~demo.svc.cluster.local")
                    .setMetadata(metadata))
            .build());
    send(
        DeltaDiscoveryRequest.newBuilder()
            .setTypeUrl(EDS)
            .addResourceNamesSubscribe("nothing")
            .build());
  }

  private static Value text(String value) {
    return Value.newBuilder().setStringValue(value).build();
  }

  private void send(DeltaDiscoveryRequest request) {
    synchronized (requests) {
      requests.onNext(request);
    }
  }

  private final class Answers implements StreamObserver<DeltaDiscoveryResponse> {
    @Override
    public void onNext(DeltaDiscoveryResponse response) {
      List<String> wanted = new ArrayList<>();
      lock.lock();
      try {
        for (Resource resource : response.getResourcesList()) {
          take(response.getTypeUrl(), resource, wanted);
        }
        String kind = response.getTypeUrl().equals(CDS) ? "cluster " : "endpoints ";
        response.getResourcesList().forEach(r -> log.add(kind + r.getName()));
        for (String removed : response.getRemovedResourcesList()) {
          log.add("no " + kind + removed);
          (response.getTypeUrl().equals(CDS) ? clusters : assignments).remove(removed);
        }
        responses += response.getResourcesCount() + response.getRemovedResourcesCount() > 0 ? 1 : 0;
        resources += response.getResourcesCount();
        changed.signalAll();
      } catch (InvalidProtocolBufferException e) {
        ended = String.valueOf(e.getMessage());
        changed.signalAll();
      } finally {
        lock.unlock();
      }
      send(
          DeltaDiscoveryRequest.newBuilder()
              .setTypeUrl(response.getTypeUrl())
              .setResponseNonce(response.getNonce())
              .build());
      if (!wanted.isEmpty()) {
        send(
            DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(EDS)
                .addAllResourceNamesSubscribe(wanted)
                .build());
      }
    }

    private void take(String type, Resource resource, List<String> wanted)
        throws InvalidProtocolBufferException {
      if (type.equals(CDS)) {
        Cluster cluster = resource.getResource().unpack(Cluster.class);
        boolean known = clusters.put(cluster.getName(), cluster) != null;
        if (!known && cluster.getType() == Cluster.DiscoveryType.EDS) {
          wanted.add(cluster.getName());
        }
      } else if (type.equals(EDS)) {
        ClusterLoadAssignment assignment =
            resource.getResource().unpack(ClusterLoadAssignment.class);
        assignments.put(assignment.getClusterName(), assignment);
      }
    }

    @Override
    public void onError(Throwable failure) {
      end(String.valueOf(failure.getMessage()));
    }

    @Override
    public void onCompleted() {
      end("completed");
    }

    private void end(String how) {
      lock.lock();
      try {
        ended = how;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /** Everything sent so far. */
  Sent sent() {
    lock.lock();
    try {
      return new Sent(responses, resources);
    } finally {
      lock.unlock();
    }
  }

  /** Every resource sent so far, in order: {@code cluster x}, {@code endpoints x}, {@code no …}. */
  List<String> log() {
    lock.lock();
    try {
      return List.copyOf(log);
    } finally {
      lock.unlock();
    }
  }

  /** The hosts of a cluster, in order; empty when it has no load assignment. */
  List<Host> hosts(String cluster) {
    lock.lock();
    try {
      List<Host> hosts = new ArrayList<>();
      ClusterLoadAssignment assignment = assignments.get(cluster);
      if (assignment != null && clusters.containsKey(cluster)) {
        for (LocalityLbEndpoints group : assignment.getEndpointsList()) {
          for (LbEndpoint endpoint : group.getLbEndpointsList()) {
            var address = endpoint.getEndpoint().getAddress().getSocketAddress();
            hosts.add(
                new Host(
                    address.getAddress(),
                    address.getPortValue(),
                    group.getPriority(),
                    endpoint.getHealthStatus(),
                    endpoint.getLoadBalancingWeight().getValue()));
          }
        }
      }
      return hosts;
    } finally {
      lock.unlock();
    }
  }

  /** Names of all clusters. */
  List<String> clusters() {
    lock.lock();
    try {
      return List.copyOf(clusters.keySet());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until the hosts of a cluster are like this.
   *
   * @return how long it took
   */
  Duration await(String cluster, Duration patience, Predicate<List<Host>> wanted)
      throws InterruptedException {
    long start = System.nanoTime();
    long left = patience.toNanos();
    lock.lock();
    try {
      while (!wanted.test(hosts(cluster))) {
        if (!ended.isEmpty()) {
          throw new AssertionError("the stream ended: " + ended);
        }
        if (left <= 0) {
          throw new AssertionError(
              "not within "
                  + patience.toSeconds()
                  + " s: "
                  + cluster
                  + " has "
                  + hosts(cluster)
                  + " of "
                  + clusters.keySet());
        }
        left = changed.awaitNanos(left);
      }
      return Duration.ofNanos(System.nanoTime() - start);
    } finally {
      lock.unlock();
    }
  }

  /** Waits for this long and tells what was sent meanwhile: for what must not happen. */
  Sent quiet(Duration time) throws InterruptedException {
    long end = System.nanoTime() + time.toNanos();
    lock.lock();
    try {
      Sent before = new Sent(responses, resources);
      long left = time.toNanos();
      while (left > 0) {
        left = Math.min(changed.awaitNanos(left), end - System.nanoTime());
      }
      return new Sent(responses, resources).since(before);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() throws InterruptedException {
    requests.onCompleted();
    channel.shutdownNow();
    channel.awaitTermination(5, TimeUnit.SECONDS);
  }
}
