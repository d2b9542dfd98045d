package io.portolan.ca.grpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.portolan.ca.authn.Authenticator;
import io.portolan.ca.authn.JoinIdentity;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.ca.authn.KubernetesTokens;
import io.portolan.ca.authn.PeerIdentity;
import io.portolan.ca.authn.TokenReviewer;
import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.sign.ServerCertificate;
import io.portolan.ca.sign.WorkloadCertificate;
import io.portolan.ca.store.CaDirectory;
import io.portolan.ca.trust.Pem;
import io.portolan.proto.istio.v1.auth.IstioCertificateRequest;
import io.portolan.proto.istio.v1.auth.IstioCertificateResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The service on a TLS port, as an agent of a proxy calls it. */
class CertificateServiceTest {
  private static final MethodDescriptor<IstioCertificateRequest, IstioCertificateResponse> CREATE =
      MethodDescriptor.<IstioCertificateRequest, IstioCertificateResponse>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("istio.v1.auth.IstioCertificateService/CreateCertificate")
          .setRequestMarshaller(ProtoUtils.marshaller(IstioCertificateRequest.getDefaultInstance()))
          .setResponseMarshaller(
              ProtoUtils.marshaller(IstioCertificateResponse.getDefaultInstance()))
          .build();
  private static final SpiffeId WEB = new SpiffeId("td.example", "demo", "web");
  private static final Duration HOUR = Duration.ofHours(1);
  private static final KeyPair KEYS = keys();
  private static final String CSR = csr(KEYS, KEYS);

  @TempDir static Path data;
  private static CaDirectory ca;
  private static JoinTokens tokens;
  private static Server server;
  private static final ExecutorService EXECUTOR = Executors.newVirtualThreadPerTaskExecutor();

  /** What the API server of cluster east answers; a token it holds back waits for the latch. */
  private static final Map<String, TokenReviewer.Review> KNOWN = new ConcurrentHashMap<>();

  private static final CountDownLatch HELD = new CountDownLatch(1);
  private static final CountDownLatch RELEASE = new CountDownLatch(1);
  private static volatile String heldToken = "";

  @BeforeAll
  static void start() throws Exception {
    Clock clock = Clock.systemUTC();
    ca = CaDirectory.open(data, data.resolve("ca"), "td.example", Duration.ofHours(24), clock);
    tokens = JoinTokens.open(data, clock);
    Authenticator authenticator =
        new Authenticator(
            tokens,
            new KubernetesTokens(
                cluster -> cluster.equals("east") ? CertificateServiceTest::review : null,
                KubernetesTokens.AUDIENCES,
                clock),
            ca,
            clock);
    ServerCertificate own =
        ServerCertificate.issue(ca.top(), List.of(), clock.instant(), Duration.ofDays(1));
    server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                TlsServerCredentials.newBuilder()
                    .keyManager(
                        new ByteArrayInputStream(own.chainPem()),
                        new ByteArrayInputStream(own.keyPem()))
                    .trustManager(new ByteArrayInputStream(ca.trustBundle().pem()))
                    .clientAuth(TlsServerCredentials.ClientAuth.OPTIONAL)
                    .build())
            .directExecutor()
            .maxInboundMessageSize(16 * 1024 * 1024)
            .intercept(new PeerCredentials(false))
            .addService(
                new CertificateService(authenticator, ca, HOUR, Duration.ofHours(24), EXECUTOR)
                    .definition())
            .build()
            .start();
  }

  private static TokenReviewer.Review review(String token, List<String> audiences)
      throws IOException {
    if (token.equals(heldToken)) {
      HELD.countDown();
      try {
        RELEASE.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }
    TokenReviewer.Review known = KNOWN.get(token);
    if (known == null) {
      throw new IOException("no answer: connection refused");
    }
    return known;
  }

  @AfterAll
  static void stop() throws Exception {
    RELEASE.countDown();
    server.shutdownNow();
    server.awaitTermination(10, TimeUnit.SECONDS);
    EXECUTOR.shutdownNow();
  }

  private static KeyPair keys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(256);
      return generator.generateKeyPair();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static String csr(KeyPair asked, KeyPair signing) {
    try {
      byte[] der =
          new JcaPKCS10CertificationRequestBuilder(
                  new X500Name("CN=admin,O=elsewhere"), asked.getPublic())
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(signing.getPrivate()))
              .getEncoded();
      return new String(Pem.of("CERTIFICATE REQUEST", der), StandardCharsets.US_ASCII);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static String kubernetesToken(String account, int number) {
    Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
    String token =
        encoder.encodeToString("{\"alg\":\"RS256\"}".getBytes(StandardCharsets.UTF_8))
            + "."
            + encoder.encodeToString(
                ("{\"iss\":\"https://kubernetes.default.svc\",\"exp\":"
                        + (Instant.now().getEpochSecond() + 600 + number)
                        + "}")
                    .getBytes(StandardCharsets.UTF_8))
            + ".c2ln";
    KNOWN.put(
        token,
        new TokenReviewer.Review(
            true,
            "system:serviceaccount:demo:" + account,
            List.of("system:serviceaccounts"),
            List.of("istio-ca"),
            Map.of(),
            ""));
    return token;
  }

  private static Metadata headers(String token, String cluster) {
    Metadata headers = new Metadata();
    if (!token.isEmpty()) {
      headers.put(
          Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    }
    if (!cluster.isEmpty()) {
      headers.put(Metadata.Key.of("clusterid", Metadata.ASCII_STRING_MARSHALLER), cluster);
    }
    return headers;
  }

  private static ManagedChannel channel(TlsChannelCredentials.Builder credentials)
      throws Exception {
    return NettyChannelBuilder.forAddress(
            "127.0.0.1",
            server.getPort(),
            credentials.trustManager(new ByteArrayInputStream(ca.trustBundle().pem())).build())
        .overrideAuthority("istiod.istio-system.svc")
        .build();
  }

  private static IstioCertificateResponse call(Metadata headers, IstioCertificateRequest request)
      throws Exception {
    return call(TlsChannelCredentials.newBuilder(), headers, request);
  }

  private static IstioCertificateResponse call(
      TlsChannelCredentials.Builder credentials, Metadata headers, IstioCertificateRequest request)
      throws Exception {
    ManagedChannel channel = channel(credentials);
    try {
      Channel with =
          ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers));
      return ClientCalls.blockingUnaryCall(
          with, CREATE, CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS), request);
    } finally {
      channel.shutdownNow();
      channel.awaitTermination(10, TimeUnit.SECONDS);
    }
  }

  private static IstioCertificateRequest.Builder ask() {
    return IstioCertificateRequest.newBuilder().setCsr(CSR);
  }

  private static String joinToken() {
    return tokens.mint(new JoinIdentity("east", "demo", "web"), HOUR);
  }

  private static void assertStatus(
      Status.Code code, String text, Metadata headers, IstioCertificateRequest request) {
    Status status =
        assertThrows(StatusRuntimeException.class, () -> call(headers, request)).getStatus();
    assertEquals(code, status.getCode(), status.toString());
    assertTrue(String.valueOf(status.getDescription()).contains(text), status.toString());
  }

  private static X509Certificate leaf(IstioCertificateResponse response) throws Exception {
    return Pem.certificates(response.getCertChain(0).getBytes(StandardCharsets.US_ASCII))
        .getFirst();
  }

  @Test
  void aJoinTokenGetsTheKeySignedForItsOwnIdentity() throws Exception {
    IstioCertificateResponse response = call(headers(joinToken(), ""), ask().build());
    assertEquals(3, response.getCertChainCount(), "leaf, intermediate, roots");
    for (String each : response.getCertChainList()) {
      assertEquals(1, each.split("-----BEGIN CERTIFICATE-----", -1).length - 1);
      assertTrue(each.endsWith("-----END CERTIFICATE-----\n"), each);
    }
    assertArrayEquals(
        ca.trustBundle().pem(), response.getCertChain(2).getBytes(StandardCharsets.US_ASCII));
    X509Certificate leaf = leaf(response);
    assertEquals(WEB, PeerIdentity.of(leaf));
    assertEquals("", leaf.getSubjectX500Principal().getName(), "names in the request are ignored");
    assertArrayEquals(KEYS.getPublic().getEncoded(), leaf.getPublicKey().getEncoded());
    assertEquals(ca.forCluster("east").certificate(), issuer(response));
    long life = Duration.between(Instant.now(), leaf.getNotAfter().toInstant()).toSeconds();
    assertTrue(life > 3500 && life <= 3600, "the default is an hour: " + life);
  }

  private static X509Certificate issuer(IstioCertificateResponse response) throws Exception {
    return Pem.certificates(response.getCertChain(1).getBytes(StandardCharsets.US_ASCII))
        .getFirst();
  }

  @Test
  void theAskedLifetimeIsGivenUpToTheMost() throws Exception {
    X509Certificate leaf =
        leaf(call(headers(joinToken(), ""), ask().setValidityDuration(24 * 3600).build()));
    long life = Duration.between(Instant.now(), leaf.getNotAfter().toInstant()).toSeconds();
    assertTrue(life > 86_300 && life <= 86_400, String.valueOf(life));
    for (long bad : new long[] {86_401, Long.MAX_VALUE}) {
      assertStatus(
          Status.Code.INVALID_ARGUMENT,
          "expected at most 86400",
          headers(joinToken(), ""),
          ask().setValidityDuration(bad).build());
    }
  }

  @Test
  void aKubernetesTokenNeedsItsCluster() throws Exception {
    String token = kubernetesToken("web", 1);
    assertEquals(WEB, PeerIdentity.of(leaf(call(headers(token, "east"), ask().build()))));
    String other = kubernetesToken("web", 2);
    assertStatus(
        Status.Code.UNAUTHENTICATED, "no cluster is claimed", headers(other, ""), ask().build());
    assertStatus(
        Status.Code.UNAUTHENTICATED, "cluster 'west'", headers(other, "west"), ask().build());
    String unknown = kubernetesToken("web", 3);
    KNOWN.remove(unknown);
    assertStatus(
        Status.Code.UNAVAILABLE, "connection refused", headers(unknown, "east"), ask().build());
  }

  @Test
  void aClientCertificateIsRenewedForTheSameIdentityAndCluster() throws Exception {
    WorkloadCertificate held = ca.forCluster("east").issue(WEB, HOUR);
    X509Certificate leaf = leaf(call(certificate(held), headers("", "east"), ask().build()));
    assertEquals(WEB, PeerIdentity.of(leaf));
    Status status =
        assertThrows(
                StatusRuntimeException.class,
                () -> call(certificate(held), headers("", "west"), ask().build()))
            .getStatus();
    assertEquals(Status.Code.UNAUTHENTICATED, status.getCode());
    assertTrue(
        String.valueOf(status.getDescription()).contains("not of cluster 'west'"),
        status.toString());
  }

  private static TlsChannelCredentials.Builder certificate(WorkloadCertificate held)
      throws IOException {
    return TlsChannelCredentials.newBuilder()
        .keyManager(
            new ByteArrayInputStream(held.chainPem()), new ByteArrayInputStream(held.keyPem()));
  }

  @Test
  void withoutACredentialNothingIsSigned() {
    assertStatus(
        Status.Code.UNAUTHENTICATED,
        "request authenticate failure",
        headers("", "east"),
        ask().build());
    assertStatus(
        Status.Code.UNAUTHENTICATED,
        "request authenticate failure",
        headers("nonsense", "east"),
        ask().build());
  }

  @Test
  void badRequestsAreInvalid() {
    KeyPair other = keys();
    Map<String, String> cases =
        Map.of(
            "no proof of possession",
            csr(KEYS, other),
            "not a single PEM block",
            CSR + CSR.replace("REQUEST", "OTHER"),
            "not base64",
            CSR + CSR,
            "csr: not a single",
            "",
            "cannot be read",
            "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----",
            "longer than 32768",
            "x".repeat(40_000));
    cases.forEach(
        (text, csr) ->
            assertStatus(
                Status.Code.INVALID_ARGUMENT,
                text,
                headers(joinToken(), ""),
                IstioCertificateRequest.newBuilder().setCsr(csr).build()));
    assertStatus(
        Status.Code.INVALID_ARGUMENT,
        "expected at most 65536",
        headers(joinToken(), ""),
        IstioCertificateRequest.newBuilder().setCsr("x".repeat(1_000_000)).build());
  }

  @Test
  void nobodyGetsTheIdentityOfAnother() {
    assertStatus(
        Status.Code.UNAUTHENTICATED,
        "another workload",
        headers(joinToken(), ""),
        ask()
            .setMetadata(
                Struct.newBuilder()
                    .putFields(
                        "ImpersonatedIdentity",
                        Value.newBuilder()
                            .setStringValue("spiffe://td.example/ns/demo/sa/db")
                            .build()))
            .build());
  }

  @Test
  void oneRequestPerCredentialIsInFlight() throws Exception {
    String token = kubernetesToken("web", 4);
    heldToken = token;
    var first = EXECUTOR.submit(() -> call(headers(token, "east"), ask().build()));
    assertTrue(HELD.await(20, TimeUnit.SECONDS));
    assertStatus(
        Status.Code.RESOURCE_EXHAUSTED, "in flight", headers(token, "east"), ask().build());
    RELEASE.countDown();
    assertEquals(WEB, PeerIdentity.of(leaf(first.get(20, TimeUnit.SECONDS))));
    assertEquals(WEB, PeerIdentity.of(leaf(call(headers(token, "east"), ask().build()))));
  }
}
