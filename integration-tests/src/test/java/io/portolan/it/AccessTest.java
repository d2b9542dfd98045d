package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.grpc.CallCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.portolan.ca.authn.JoinIdentity;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.server.PortolanServer;
import io.portolan.server.ServerSettings;
import io.portolan.xds.snapshot.ResourceType;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The xDS port as foreign clients meet it: who is let in, and what bad input is told. */
class AccessTest {
  private static final long WAIT_SECONDS = 20;

  @TempDir static Path data;
  private static PortolanServer server;

  @BeforeAll
  static void start() throws Exception {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    server =
        PortolanServer.start(
            new ServerSettings(
                Workspace.root().resolve("deploy/labs/active-active/mesh"),
                data.resolve("d"),
                null,
                any,
                null,
                any,
                Duration.ofHours(24),
                List.of(),
                Duration.ZERO,
                null));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Node.Builder node(String cluster, String namespace, String account) {
    return Node.newBuilder()
        .setId(
            "sidecar~127.71.0.100~client-east."
                + namespace
                + "~"
                + namespace
                + ".svc.cluster.local")
        .setMetadata(
            Struct.newBuilder()
                .putFields("CLUSTER_ID", text(cluster))
                .putFields("NAMESPACE", text(namespace))
                .putFields("SERVICE_ACCOUNT", text(account))
                .putFields("INTERCEPTION_MODE", text("NONE")));
  }

  private static Value text(String value) {
    return Value.newBuilder().setStringValue(value).build();
  }

  private static String token(String cluster, String namespace, String account) throws Exception {
    return token(cluster, namespace, account, Clock.systemUTC());
  }

  private static String token(String cluster, String namespace, String account, InstantSource clock)
      throws Exception {
    return JoinTokens.open(data.resolve("d"), clock)
        .mint(new JoinIdentity(cluster, namespace, account), Duration.ofHours(1));
  }

  /** One stream with everything it receives. */
  private static final class Stream<Q, R> implements AutoCloseable {
    private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();
    private final ManagedChannel channel;
    private StreamObserver<Q> requests;

    Stream(ManagedChannel channel) {
      this.channel = channel;
    }

    StreamObserver<R> sink() {
      return new StreamObserver<>() {
        @Override
        public void onNext(R value) {
          events.add(value);
        }

        @Override
        public void onError(Throwable failure) {
          events.add(Status.fromThrowable(failure));
        }

        @Override
        public void onCompleted() {
          events.add(Status.OK);
        }
      };
    }

    @SuppressWarnings("unchecked")
    R response() throws InterruptedException {
      Object event = events.poll(WAIT_SECONDS, TimeUnit.SECONDS);
      assertNotNull(event, "an answer in " + WAIT_SECONDS + " s");
      assertTrue(!(event instanceof Status), "ended instead: " + event);
      return (R) event;
    }

    Status end() throws InterruptedException {
      Object event = events.poll(WAIT_SECONDS, TimeUnit.SECONDS);
      return event instanceof Status status
          ? status
          : Status.UNKNOWN.withDescription("answered instead: " + event);
    }

    @Override
    public void close() {
      channel.shutdownNow();
    }
  }

  private static ManagedChannel channel() throws Exception {
    return NettyChannelBuilder.forAddress(
            "127.0.0.1",
            server.xdsAddress().getPort(),
            TlsChannelCredentials.newBuilder()
                .trustManager(data.resolve("d/ca/root-cert.pem").toFile())
                .build())
        .overrideAuthority("portolan.local")
        .build();
  }

  private static CallCredentials bearer(String token) {
    return new CallCredentials() {
      @Override
      public void applyRequestMetadata(
          RequestInfo info, Executor executor, MetadataApplier applier) {
        Metadata headers = new Metadata();
        headers.put(
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
        applier.apply(headers);
      }
    };
  }

  private static Stream<DeltaDiscoveryRequest, DeltaDiscoveryResponse> delta(String token)
      throws Exception {
    ManagedChannel channel = channel();
    Stream<DeltaDiscoveryRequest, DeltaDiscoveryResponse> stream = new Stream<>(channel);
    var stub = AggregatedDiscoveryServiceGrpc.newStub(channel);
    stream.requests =
        (token.isEmpty() ? stub : stub.withCallCredentials(bearer(token)))
            .deltaAggregatedResources(stream.sink());
    return stream;
  }

  private static Stream<DiscoveryRequest, DiscoveryResponse> sotw(String token) throws Exception {
    ManagedChannel channel = channel();
    Stream<DiscoveryRequest, DiscoveryResponse> stream = new Stream<>(channel);
    stream.requests =
        AggregatedDiscoveryServiceGrpc.newStub(channel)
            .withCallCredentials(bearer(token))
            .streamAggregatedResources(stream.sink());
    return stream;
  }

  private static DeltaDiscoveryRequest.Builder ask(ResourceType type) {
    return DeltaDiscoveryRequest.newBuilder().setTypeUrl(type.typeUrl());
  }

  private static Status refusal(String token, Node.Builder node) throws Exception {
    try (var stream = delta(token)) {
      stream.requests.onNext(ask(ResourceType.CLUSTER).setNode(node).build());
      return stream.end();
    }
  }

  private static void assertRefused(Status.Code code, String text, Status status) {
    assertEquals(code, status.getCode(), status.toString());
    assertTrue(String.valueOf(status.getDescription()).contains(text), status.toString());
  }

  @Test
  void aDeltaClientGetsItsClusters() throws Exception {
    try (var stream = delta(token("east", "demo", "client"))) {
      stream.requests.onNext(
          ask(ResourceType.CLUSTER).setNode(node("east", "demo", "client")).build());
      DeltaDiscoveryResponse response = stream.response();
      assertEquals(ResourceType.CLUSTER.typeUrl(), response.getTypeUrl());
      assertTrue(
          response.getResourcesList().stream()
              .anyMatch(r -> r.getName().equals("outbound|8081||backend.demo.svc.cluster.local")));
      for (var resource : response.getResourcesList()) {
        var cluster =
            resource.getResource().unpack(io.envoyproxy.envoy.config.cluster.v3.Cluster.class);
        assertEquals(resource.getName(), cluster.getName());
      }
    }
  }

  @Test
  void aStateOfTheWorldClientGetsTheSame() throws Exception {
    try (var stream = sotw(token("east", "demo", "client"))) {
      stream.requests.onNext(
          DiscoveryRequest.newBuilder()
              .setTypeUrl(ResourceType.CLUSTER.typeUrl())
              .setNode(node("east", "demo", "client"))
              .build());
      DiscoveryResponse response = stream.response();
      assertTrue(response.getResourcesCount() >= 4, response.toString());
      stream.requests.onNext(
          DiscoveryRequest.newBuilder()
              .setTypeUrl(ResourceType.ENDPOINT.typeUrl())
              .addResourceNames("outbound|8081||backend.demo.svc.cluster.local")
              .build());
      var assignment =
          stream
              .response()
              .getResources(0)
              .unpack(io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment.class);
      assertEquals(3, assignment.getEndpointsCount());
    }
  }

  @Test
  void aProxyGetsItsOwnCertificateAndNoOther() throws Exception {
    try (var stream = delta(token("east", "demo", "client"))) {
      stream.requests.onNext(
          ask(ResourceType.SECRET)
              .addResourceNamesSubscribe("default")
              .addResourceNamesSubscribe("spiffe://lab.portolan.example/ns/demo/sa/backend")
              .setNode(node("east", "demo", "client"))
              .build());
      DeltaDiscoveryResponse response = stream.response();
      assertEquals(1, response.getResourcesCount());
      assertEquals(
          List.of("spiffe://lab.portolan.example/ns/demo/sa/backend"),
          List.copyOf(response.getRemovedResourcesList()));
    }
  }

  @Test
  void noCredentialIsRefusedWithTheRemedy() throws Exception {
    assertRefused(
        Status.Code.UNAUTHENTICATED, "portolan token", refusal("", node("east", "demo", "client")));
  }

  @Test
  void aWrongTokenIsRefused() throws Exception {
    assertRefused(
        Status.Code.UNAUTHENTICATED,
        "not a JWT",
        refusal("nonsense", node("east", "demo", "client")));
  }

  @Test
  void anExpiredTokenIsRefused() throws Exception {
    Instant before = Instant.now().minus(Duration.ofHours(2));
    assertRefused(
        Status.Code.UNAUTHENTICATED,
        "expired",
        refusal(token("east", "demo", "client", () -> before), node("east", "demo", "client")));
  }

  @Test
  void claimsBeyondTheTokenAreRefused() throws Exception {
    String token = token("west", "demo", "client");
    assertRefused(
        Status.Code.PERMISSION_DENIED,
        "cluster 'east'",
        refusal(token, node("east", "demo", "client")));
    assertRefused(
        Status.Code.PERMISSION_DENIED,
        "namespace 'kube-system'",
        refusal(token, node("west", "kube-system", "client")));
    assertRefused(
        Status.Code.PERMISSION_DENIED,
        "service account 'backend'",
        refusal(token, node("west", "demo", "backend")));
  }

  @Test
  void aMissingNodeIsRefused() throws Exception {
    assertRefused(
        Status.Code.INVALID_ARGUMENT,
        "missing node information",
        refusal(token("east", "demo", "client"), Node.newBuilder()));
  }

  @Test
  void anOversizeNodeIsRefusedWithItsSize() throws Exception {
    Node.Builder node = node("east", "demo", "client");
    node.getMetadataBuilder().putFields("LARGE", text("x".repeat(300_000)));
    assertRefused(
        Status.Code.INVALID_ARGUMENT,
        "expected at most 262144",
        refusal(token("east", "demo", "client"), node));
  }

  @Test
  void aMalformedNodeIdIsExplained() throws Exception {
    assertRefused(
        Status.Code.INVALID_ARGUMENT,
        "expected type~ip~name.namespace~domain",
        refusal(token("east", "demo", "client"), node("east", "demo", "client").setId("envoy-1")));
  }

  @Test
  void anUnknownTypeIsIgnoredAndTheStreamGoesOn() throws Exception {
    try (var stream = delta(token("east", "demo", "client"))) {
      stream.requests.onNext(
          DeltaDiscoveryRequest.newBuilder()
              .setTypeUrl("type.googleapis.com/example.Unknown")
              .setNode(node("east", "demo", "client"))
              .build());
      stream.requests.onNext(ask(ResourceType.LISTENER).build());
      assertEquals(ResourceType.LISTENER.typeUrl(), stream.response().getTypeUrl());
    }
  }

  @Test
  void aStaleNonceIsIgnoredAndTheStreamGoesOn() throws Exception {
    try (var stream = delta(token("east", "demo", "client"))) {
      stream.requests.onNext(
          ask(ResourceType.CLUSTER).setNode(node("east", "demo", "client")).build());
      stream.response();
      stream.requests.onNext(ask(ResourceType.CLUSTER).setResponseNonce("nonsense").build());
      stream.requests.onNext(ask(ResourceType.LISTENER).build());
      assertEquals(ResourceType.LISTENER.typeUrl(), stream.response().getTypeUrl());
    }
  }
}
