package io.portolan.ca.grpc;

import com.google.protobuf.Value;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusException;
import io.portolan.ca.authn.AuthResult;
import io.portolan.ca.authn.Authenticator;
import io.portolan.ca.authn.JoinIdentity;
import io.portolan.ca.authn.PeerCredential;
import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.sign.CertificateRequestException;
import io.portolan.ca.sign.WorkloadCertificate;
import io.portolan.ca.store.CaDirectory;
import io.portolan.ca.trust.Fingerprint;
import io.portolan.ca.trust.Pem;
import io.portolan.ca.trust.TrustBundle;
import io.portolan.proto.istio.v1.auth.IstioCertificateRequest;
import io.portolan.proto.istio.v1.auth.IstioCertificateResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code istio.v1.auth.IstioCertificateService/CreateCertificate} for the TLS port.
 *
 * <p>The cluster is the one of the join token; for a Kubernetes token or a client certificate it is
 * the gRPC metadata {@code clusterid}, which must then be there. A lifetime of 0 or less asks for
 * the default; one above the most is refused. One request per credential is in flight, and {@value
 * #AT_ONCE} in all; what is beyond is RESOURCE_EXHAUSTED, which clients repeat. Statuses are those
 * that Istio's agents expect: UNAUTHENTICATED, INVALID_ARGUMENT for the request or its lifetime,
 * INTERNAL when the authority cannot sign; UNAVAILABLE when the credential cannot be checked now.
 */
public final class CertificateService {
  /** Largest request on the wire, in bytes. */
  static final int MAX_REQUEST = 64 * 1024;

  private static final Logger LOG = LoggerFactory.getLogger(CertificateService.class);
  private static final int MAX_CSR = 32 * 1024;
  private static final int AT_ONCE = 256;
  private static final String IMPERSONATED = "ImpersonatedIdentity";

  private final Authenticator authenticator;
  private final CaDirectory ca;
  private final Duration usual;
  private final Duration most;
  private final Executor executor;
  private final Semaphore all = new Semaphore(AT_ONCE);
  private final Set<String> inFlight = ConcurrentHashMap.newKeySet();

  /**
   * @param usual lifetime when none is asked for; positive
   * @param most longest lifetime; at least {@code usual}
   * @param executor its threads may block; one task per request
   */
  public CertificateService(
      Authenticator authenticator,
      CaDirectory ca,
      Duration usual,
      Duration most,
      Executor executor) {
    if (!usual.isPositive() || usual.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          "certificate lifetime " + usual + " (expected more than 0, at most " + most + ")");
    }
    this.authenticator = authenticator;
    this.ca = ca;
    this.usual = usual;
    this.most = most;
    this.executor = executor;
  }

  /** What a gRPC server is given; the server needs the interceptor {@link PeerCredentials}. */
  public ServerServiceDefinition definition() {
    return ServerServiceDefinition.builder(CertificateMethod.SERVICE)
        .addMethod(CertificateMethod.CREATE, this::call)
        .build();
  }

  private ServerCall.Listener<CertificateMethod.Received> call(
      ServerCall<CertificateMethod.Received, IstioCertificateResponse> call, Metadata headers) {
    PeerCredential credential = PeerCredentials.current();
    // The second place tells a client that sends two requests from one that sends one.
    call.request(2);
    return new ServerCall.Listener<>() {
      private CertificateMethod.@Nullable Received request;
      private boolean closed;

      @Override
      public void onMessage(CertificateMethod.Received message) {
        if (request != null && !closed) {
          closed = true;
          call.close(Status.INVALID_ARGUMENT.withDescription("more than one request"), headers());
        }
        request = message;
      }

      @Override
      public void onHalfClose() {
        CertificateMethod.Received received = request;
        if (closed) {
          return;
        }
        closed = true;
        if (received == null) {
          call.close(Status.INVALID_ARGUMENT.withDescription("no request"), headers());
        } else {
          start(call, credential, received);
        }
      }
    };
  }

  private static Metadata headers() {
    return new Metadata();
  }

  private void start(
      ServerCall<CertificateMethod.Received, IstioCertificateResponse> call,
      PeerCredential credential,
      CertificateMethod.Received request) {
    if (!all.tryAcquire()) {
      call.close(
          Status.RESOURCE_EXHAUSTED.withDescription(
              AT_ONCE + " certificate requests are in flight (try again)"),
          headers());
      return;
    }
    try {
      executor.execute(
          () -> {
            try {
              answer(call, credential, request);
            } finally {
              all.release();
            }
          });
    } catch (RejectedExecutionException e) {
      all.release();
      call.close(Status.UNAVAILABLE.withDescription("the control plane is stopping"), headers());
    }
  }

  private void answer(
      ServerCall<CertificateMethod.Received, IstioCertificateResponse> call,
      PeerCredential credential,
      CertificateMethod.Received request) {
    String peer = String.valueOf(call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
    try {
      IstioCertificateResponse response = create(credential, request);
      call.sendHeaders(headers());
      call.sendMessage(response);
      call.close(Status.OK, headers());
    } catch (StatusException e) {
      LOG.warn(
          "certificate refused peer={} status={} reason=\"{}\"",
          peer,
          e.getStatus().getCode(),
          e.getStatus().getDescription());
      call.close(e.getStatus(), headers());
    } catch (RuntimeException e) {
      LOG.error("certificate request failed peer={}", peer, e);
      call.close(
          Status.INTERNAL.withDescription("internal error, see the log of the control plane"),
          headers());
    }
  }

  private IstioCertificateResponse create(
      PeerCredential credential, CertificateMethod.Received received) throws StatusException {
    IstioCertificateRequest request =
        switch (received) {
          case CertificateMethod.Request r -> r.message();
          case CertificateMethod.TooLarge large ->
              throw invalid(
                  "request of " + large.bytes() + " bytes (expected at most " + MAX_REQUEST + ")");
          case CertificateMethod.Unreadable _ -> throw invalid("request cannot be read");
        };
    if (request.getCsr().length() > MAX_CSR) {
      throw invalid("csr: longer than " + MAX_CSR + " characters");
    }
    // Two requests of one credential, also before it is known to be good.
    String caller = fingerprint(credential);
    if (!inFlight.add(caller)) {
      throw Status.RESOURCE_EXHAUSTED
          .withDescription("a request with this credential is in flight already (try again)")
          .asException();
    }
    try {
      return issue(authenticated(credential), request);
    } finally {
      inFlight.remove(caller);
    }
  }

  private static String fingerprint(PeerCredential credential) {
    return switch (credential) {
      case PeerCredential.Token token ->
          Fingerprint.whole(token.token().getBytes(StandardCharsets.UTF_8));
      case PeerCredential.Certificate certificate -> Fingerprint.of(certificate.chain().getFirst());
      case PeerCredential.Plaintext _, PeerCredential.Nothing _ -> "";
    };
  }

  private AuthResult.Verified authenticated(PeerCredential credential) throws StatusException {
    return switch (authenticator.authenticate(credential, "")) {
      case AuthResult.Verified verified -> verified;
      case AuthResult.Unavailable unavailable ->
          throw Status.UNAVAILABLE.withDescription(unavailable.detail()).asException();
      case AuthResult.Refused refused -> throw unauthenticated(refused.detail());
    };
  }

  private IstioCertificateResponse issue(
      AuthResult.Verified caller, IstioCertificateRequest request) throws StatusException {
    if (!request
        .getMetadata()
        .getFieldsOrDefault(IMPERSONATED, Value.getDefaultInstance())
        .getStringValue()
        .isEmpty()) {
      throw unauthenticated("no caller may ask for the identity of another workload");
    }
    Duration lifetime = lifetime(request.getValidityDuration());
    JoinIdentity who = caller.identity();
    try {
      byte[] csr = csr(request.getCsr());
      TrustBundle bundle = ca.trustBundle();
      SpiffeId id = who.spiffeId(bundle.trustDomain());
      WorkloadCertificate made =
          ca.forCluster(who.cluster()).issue(id, csr, lifetime, caller.method().toString());
      return response(made, bundle);
    } catch (CertificateRequestException e) {
      throw invalid(String.valueOf(e.getMessage()));
    } catch (GeneralSecurityException | IOException e) {
      LOG.error("no certificate for cluster={} identity={}", who.cluster(), who, e);
      throw Status.INTERNAL
          .withDescription("no certificate can be issued, see the log of the control plane")
          .asException();
    }
  }

  private Duration lifetime(long seconds) throws StatusException {
    if (seconds <= 0) {
      return usual;
    }
    if (seconds > most.toSeconds()) {
      throw invalid(
          "validity_duration: " + seconds + " s (expected at most " + most.toSeconds() + ")");
    }
    return Duration.ofSeconds(seconds);
  }

  private static byte[] csr(String pem) throws StatusException {
    try {
      return Pem.only(pem, Set.of("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"));
    } catch (GeneralSecurityException e) {
      throw invalid("csr: " + e.getMessage());
    }
  }

  /** Clients take the last element, whole, for the roots. */
  private static IstioCertificateResponse response(WorkloadCertificate made, TrustBundle bundle)
      throws GeneralSecurityException {
    IstioCertificateResponse.Builder response = IstioCertificateResponse.newBuilder();
    for (X509Certificate each : Pem.certificates(made.chainPem())) {
      response.addCertChain(text(Pem.of(List.of(each))));
    }
    return response.addCertChain(text(bundle.pem())).build();
  }

  private static String text(byte[] pem) {
    return new String(pem, StandardCharsets.US_ASCII);
  }

  private static StatusException invalid(String detail) {
    return Status.INVALID_ARGUMENT.withDescription(detail).asException();
  }

  private static StatusException unauthenticated(String detail) {
    return Status.UNAUTHENTICATED
        .withDescription("request authenticate failure: " + detail)
        .asException();
  }
}
