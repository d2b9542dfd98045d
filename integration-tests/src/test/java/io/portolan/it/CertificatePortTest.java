package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.portolan.ca.authn.JoinIdentity;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.ca.trust.Pem;
import io.portolan.proto.istio.v1.auth.IstioCertificateRequest;
import io.portolan.proto.istio.v1.auth.IstioCertificateResponse;
import io.portolan.server.PortolanServer;
import io.portolan.server.ServerSettings;
import io.portolan.xds.snapshot.ResourceType;
import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an agent does beside its proxy: a token for a certificate, then ADS with that. */
class CertificatePortTest {
  private static final MethodDescriptor<IstioCertificateRequest, IstioCertificateResponse> CREATE =
      MethodDescriptor.<IstioCertificateRequest, IstioCertificateResponse>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("istio.v1.auth.IstioCertificateService/CreateCertificate")
          .setRequestMarshaller(ProtoUtils.marshaller(IstioCertificateRequest.getDefaultInstance()))
          .setResponseMarshaller(
              ProtoUtils.marshaller(IstioCertificateResponse.getDefaultInstance()))
          .build();

  @TempDir Path data;

  @Test
  void aTokenGetsACertificateAndTheCertificateAStream() throws Exception {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (PortolanServer server =
        PortolanServer.start(
            new ServerSettings(
                Workspace.root().resolve("deploy/labs/active-active/mesh"),
                data,
                null,
                any,
                null,
                any,
                Duration.ofHours(1),
                List.of(),
                Duration.ZERO,
                null))) {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(256);
      KeyPair keys = generator.generateKeyPair();
      String token =
          JoinTokens.open(data, Clock.systemUTC())
              .mint(new JoinIdentity("east", "demo", "client"), Duration.ofHours(1));
      // Agents ask for a day, whatever the control plane's own default is.
      IstioCertificateResponse made =
          create(
              server,
              token,
              IstioCertificateRequest.newBuilder()
                  .setCsr(csr(keys))
                  .setValidityDuration(24 * 3600)
                  .build());
      String chain = String.join("", made.getCertChainList().subList(0, 2));
      byte[] key = Pem.of("PRIVATE KEY", keys.getPrivate().getEncoded());

      DiscoveryResponse answer = stream(server, chain, key, "east");
      assertEquals(ResourceType.CLUSTER.typeUrl(), answer.getTypeUrl());
      ExecutionException refused =
          assertThrows(ExecutionException.class, () -> stream(server, chain, key, "west"));
      Status status = Status.fromThrowable(refused.getCause());
      assertEquals(Status.Code.PERMISSION_DENIED, status.getCode(), status.toString());

      Status unauthenticated =
          assertThrows(
                  StatusRuntimeException.class,
                  () -> create(server, "nonsense", IstioCertificateRequest.getDefaultInstance()))
              .getStatus();
      assertEquals(Status.Code.UNAUTHENTICATED, unauthenticated.getCode());
    }
  }

  private static String csr(KeyPair keys) throws Exception {
    byte[] der =
        new JcaPKCS10CertificationRequestBuilder(new X500Name(""), keys.getPublic())
            .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()))
            .getEncoded();
    return new String(Pem.of("CERTIFICATE REQUEST", der), StandardCharsets.US_ASCII);
  }

  private ManagedChannel channel(PortolanServer server, TlsChannelCredentials.Builder credentials)
      throws Exception {
    return NettyChannelBuilder.forAddress(
            "127.0.0.1",
            server.xdsAddress().getPort(),
            credentials.trustManager(data.resolve("ca/root-cert.pem").toFile()).build())
        .overrideAuthority("istiod.istio-system.svc")
        .build();
  }

  private IstioCertificateResponse create(
      PortolanServer server, String token, IstioCertificateRequest request) throws Exception {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    ManagedChannel channel = channel(server, TlsChannelCredentials.newBuilder());
    try {
      return ClientCalls.blockingUnaryCall(
          ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers)),
          CREATE,
          CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS),
          request);
    } finally {
      channel.shutdownNow();
      assertTrue(channel.awaitTermination(10, TimeUnit.SECONDS));
    }
  }

  private static Value text(String value) {
    return Value.newBuilder().setStringValue(value).build();
  }

  /** The first answer of a stream that is opened with a certificate. */
  private DiscoveryResponse stream(PortolanServer server, String chain, byte[] key, String cluster)
      throws Exception {
    ManagedChannel channel =
        channel(
            server,
            TlsChannelCredentials.newBuilder()
                .keyManager(
                    new ByteArrayInputStream(chain.getBytes(StandardCharsets.US_ASCII)),
                    new ByteArrayInputStream(key)));
    CompletableFuture<DiscoveryResponse> first = new CompletableFuture<>();
    try {
      AggregatedDiscoveryServiceGrpc.newStub(channel)
          .streamAggregatedResources(
              new StreamObserver<DiscoveryResponse>() {
                @Override
                public void onNext(DiscoveryResponse value) {
                  first.complete(value);
                }

                @Override
                public void onError(Throwable failure) {
                  first.completeExceptionally(failure);
                }

                @Override
                public void onCompleted() {
                  first.completeExceptionally(new IllegalStateException("ended without an answer"));
                }
              })
          .onNext(
              DiscoveryRequest.newBuilder()
                  .setTypeUrl(ResourceType.CLUSTER.typeUrl())
                  .setNode(
                      Node.newBuilder()
                          .setId("sidecar~127.71.0.100~client-east.demo~demo.svc.cluster.local")
                          .setMetadata(
                              Struct.newBuilder()
                                  .putFields("CLUSTER_ID", text(cluster))
                                  .putFields("NAMESPACE", text("demo"))
                                  .putFields("SERVICE_ACCOUNT", text("client"))
                                  .putFields("INTERCEPTION_MODE", text("NONE"))))
                  .build());
      return first.get(30, TimeUnit.SECONDS);
    } finally {
      channel.shutdownNow();
      assertTrue(channel.awaitTermination(10, TimeUnit.SECONDS));
    }
  }
}
