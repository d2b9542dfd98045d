package io.portolan.it.bench;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Extension;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.Resource;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.portolan.xds.snapshot.ResourceType;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;

/** Sidecars that ask for what an Envoy asks for, in its order, and keep nothing. */
public final class ProxyHeapClient {
  private static final int AT_ONCE = 4;

  private ProxyHeapClient() {}

  /**
   * Arguments: port, token or nothing for plaintext, root certificate. Each number on standard
   * input connects that many more; a line on standard output says that they have everything.
   */
  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    List<ManagedChannel> open = new ArrayList<>();
    Semaphore starting = new Semaphore(AT_ONCE);
    try (BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String order = orders.readLine(); order != null; order = orders.readLine()) {
        int count = Integer.parseInt(order);
        CountDownLatch complete = new CountDownLatch(count);
        for (int i = 0; i < count; i++) {
          starting.acquire();
          ManagedChannel channel = channel(port, args[1], args[2]);
          open.add(channel);
          var stub = AggregatedDiscoveryServiceGrpc.newStub(channel);
          if (!args[1].isEmpty()) {
            stub =
                stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(bearer(args[1])));
          }
          Sidecar sidecar =
              new Sidecar(
                  open.size() - 1,
                  !args[1].isEmpty(),
                  () -> {
                    starting.release();
                    complete.countDown();
                  });
          sidecar.start(stub.deltaAggregatedResources(sidecar));
        }
        complete.await();
        System.out.println("connected");
      }
    }
  }

  private static ManagedChannel channel(int port, String token, String root) throws Exception {
    if (token.isEmpty()) {
      return NettyChannelBuilder.forAddress("127.0.0.1", port)
          .usePlaintext()
          .maxInboundMessageSize(64 << 20)
          .build();
    }
    return NettyChannelBuilder.forAddress(
            "127.0.0.1",
            port,
            TlsChannelCredentials.newBuilder().trustManager(new File(root)).build())
        .overrideAuthority("portolan.local")
        .maxInboundMessageSize(64 << 20)
        .build();
  }

  private static Metadata bearer(String token) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    return headers;
  }

  private static final class Sidecar implements StreamObserver<DeltaDiscoveryResponse> {
    private final int number;
    private final Set<ResourceType> missing;
    private final Runnable complete;
    private StreamObserver<DeltaDiscoveryRequest> requests;

    Sidecar(int number, boolean secrets, Runnable complete) {
      this.number = number;
      this.complete = complete;
      this.missing = EnumSet.allOf(ResourceType.class);
      if (!secrets) {
        missing.remove(ResourceType.SECRET);
      }
    }

    synchronized void start(StreamObserver<DeltaDiscoveryRequest> opened) {
      requests = opened;
      requests.onNext(
          DeltaDiscoveryRequest.newBuilder()
              .setNode(node())
              .setTypeUrl(ResourceType.CLUSTER.typeUrl())
              .build());
    }

    private Node node() {
      Node.Builder node =
          Node.newBuilder()
              .setId(
                  "sidecar~"
                      + ProxyHeapBench.address(number)
                      + "~pod-"
                      + number
                      + ".demo~demo.svc.cluster.local")
              .setUserAgentName("envoy")
              .setMetadata(
                  Struct.newBuilder()
                      .putFields("CLUSTER_ID", text(ProxyHeapBench.CLUSTER))
                      .putFields("NAMESPACE", text(ProxyHeapBench.NAMESPACE))
                      .putFields("SERVICE_ACCOUNT", text(ProxyHeapBench.ACCOUNT))
                      .putFields("INTERCEPTION_MODE", text("REDIRECT"))
                      .putFields(
                          "LABELS",
                          Value.newBuilder()
                              .setStructValue(
                                  Struct.newBuilder()
                                      .putFields("app", text("service"))
                                      .putFields("version", text("v1"))
                                      .putFields("pod-template-hash", text("6d4b75cb6d")))
                              .build()));
      // An Envoy names a few hundred extensions.
      for (int i = 0; i < 300; i++) {
        node.addExtensions(
            Extension.newBuilder()
                .setName("envoy.filters.http.extension_" + i)
                .setCategory("envoy.filters.http")
                .addTypeUrls("envoy.extensions.filters.http.extension_" + i + ".v3.Config"));
      }
      return node.build();
    }

    private static Value text(String value) {
      return Value.newBuilder().setStringValue(value).build();
    }

    @Override
    public synchronized void onNext(DeltaDiscoveryResponse response) {
      ResourceType type = ResourceType.ofTypeUrl(response.getTypeUrl()).orElseThrow();
      requests.onNext(
          DeltaDiscoveryRequest.newBuilder()
              .setTypeUrl(response.getTypeUrl())
              .setResponseNonce(response.getNonce())
              .build());
      if (!missing.remove(type)) {
        return;
      }
      try {
        switch (type) {
          case CLUSTER -> {
            ask(ResourceType.ENDPOINT, endpoints(response));
            if (missing.contains(ResourceType.SECRET)) {
              ask(ResourceType.SECRET, Set.of("default", "ROOTCA"));
            }
            ask(ResourceType.LISTENER, Set.of());
          }
          case LISTENER -> ask(ResourceType.ROUTE, routes(response));
          case ENDPOINT, ROUTE, SECRET -> {}
        }
      } catch (InvalidProtocolBufferException e) {
        throw new IllegalStateException(e);
      }
      if (missing.isEmpty()) {
        complete.run();
      }
    }

    private void ask(ResourceType type, Set<String> names) {
      requests.onNext(
          DeltaDiscoveryRequest.newBuilder()
              .setTypeUrl(type.typeUrl())
              .addAllResourceNamesSubscribe(names)
              .build());
    }

    private static Set<String> endpoints(DeltaDiscoveryResponse clusters)
        throws InvalidProtocolBufferException {
      Set<String> names = new TreeSet<>();
      for (Resource resource : clusters.getResourcesList()) {
        Cluster cluster = resource.getResource().unpack(Cluster.class);
        if (cluster.getType() == Cluster.DiscoveryType.EDS) {
          String service = cluster.getEdsClusterConfig().getServiceName();
          names.add(service.isEmpty() ? cluster.getName() : service);
        }
      }
      return names;
    }

    private static Set<String> routes(DeltaDiscoveryResponse listeners)
        throws InvalidProtocolBufferException {
      Set<String> names = new TreeSet<>();
      for (Resource resource : listeners.getResourcesList()) {
        Listener listener = resource.getResource().unpack(Listener.class);
        List<FilterChain> chains = new ArrayList<>(listener.getFilterChainsList());
        chains.add(listener.getDefaultFilterChain());
        for (FilterChain chain : chains) {
          for (Filter filter : chain.getFiltersList()) {
            if (filter.getTypedConfig().is(HttpConnectionManager.class)) {
              var manager = filter.getTypedConfig().unpack(HttpConnectionManager.class);
              if (manager.hasRds()) {
                names.add(manager.getRds().getRouteConfigName());
              }
            }
          }
        }
      }
      return names;
    }

    @Override
    public void onError(Throwable failure) {
      failure.printStackTrace();
      System.exit(1);
    }

    @Override
    public void onCompleted() {
      System.err.println("proxy " + number + ": the server ended the stream");
      System.exit(1);
    }
  }
}
