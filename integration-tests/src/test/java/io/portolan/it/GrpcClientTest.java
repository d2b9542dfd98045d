package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.xds.XdsChannelCredentials;
import io.portolan.server.PortolanServer;
import io.portolan.server.ServerSettings;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A foreign client: grpc-java's own xDS resolves and calls a service through Portolan. */
class GrpcClientTest {
  @TempDir Path directory;

  @Test
  void resolvesAndCallsAService() throws Exception {
    Server backend =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                InsecureServerCredentials.create())
            .addService(new HealthStatusManager().getHealthService())
            .build()
            .start();
    int plaintext;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      plaintext = free.getLocalPort();
    }
    Path mesh = directory.resolve("mesh");
    Files.createDirectories(mesh.resolve("east"));
    Files.writeString(mesh.resolve("mesh.yaml"), "clusters:\n- {name: east, locality: r/z}\n");
    Files.writeString(
        mesh.resolve("east/health.yaml"),
        """
        apiVersion: v1
        kind: Service
        metadata: {name: health, namespace: demo}
        spec:
          ports:
          - {name: grpc, port: 7000}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: health-1, namespace: demo, labels: {kubernetes.io/service-name: health}}
        addressType: IPv4
        ports:
        - {name: grpc, port: %d}
        endpoints:
        - addresses: [127.0.0.1]
        """
            .formatted(backend.getPort()));
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    System.setProperty(
        "io.grpc.xds.bootstrapConfig",
        """
        {"xds_servers": [{"server_uri": "127.0.0.1:%d", "channel_creds": [{"type": "insecure"}],
          "server_features": ["xds_v3"]}],
         "node": {"id": "sidecar~127.0.0.1~caller.demo~demo.svc.cluster.local",
          "metadata": {"GENERATOR": "grpc", "CLUSTER_ID": "east", "NAMESPACE": "demo"}}}
        """
            .formatted(plaintext));
    ChannelCredentials credentials =
        XdsChannelCredentials.create(InsecureChannelCredentials.create());
    try (PortolanServer ignored =
        PortolanServer.start(
            new ServerSettings(
                mesh,
                directory.resolve("data"),
                null,
                any,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), plaintext),
                any,
                Duration.ofHours(1),
                List.of(),
                Duration.ZERO,
                null))) {
      ManagedChannel channel =
          Grpc.newChannelBuilder("xds:///health.demo.svc.cluster.local:7000", credentials).build();
      try {
        HealthCheckResponse answer =
            HealthGrpc.newBlockingStub(channel)
                .withDeadlineAfter(30, TimeUnit.SECONDS)
                .withWaitForReady()
                .check(HealthCheckRequest.getDefaultInstance());
        assertEquals(HealthCheckResponse.ServingStatus.SERVING, answer.getStatus());
      } finally {
        channel.shutdownNow();
        channel.awaitTermination(10, TimeUnit.SECONDS);
      }
    } finally {
      backend.shutdownNow();
      backend.awaitTermination(10, TimeUnit.SECONDS);
    }
  }
}
