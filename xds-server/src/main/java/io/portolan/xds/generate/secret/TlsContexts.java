package io.portolan.xds.generate.secret;

import com.google.protobuf.BoolValue;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CommonTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsParameters;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.portolan.xds.generate.Wire;
import java.util.List;

/** TLS contexts that take certificate and trust bundle from SDS. */
public final class TlsContexts {
  private static final String SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt";

  private TlsContexts() {}

  /**
   * Mutual TLS as a client.
   *
   * @param sni name of the destination, which east-west gateways route by
   * @param identities URI SANs the server may have; empty accepts any of the trust bundle
   * @param alpn protocols offered, in order
   */
  public static TransportSocket client(String sni, List<String> identities, List<String> alpn) {
    UpstreamTlsContext context =
        UpstreamTlsContext.newBuilder()
            .setCommonTlsContext(common(identities, alpn))
            .setSni(sni)
            .build();
    return socket(context);
  }

  /** Mutual TLS as a server: a client without a certificate of the trust bundle is refused. */
  public static TransportSocket server(List<String> alpn) {
    DownstreamTlsContext context =
        DownstreamTlsContext.newBuilder()
            .setCommonTlsContext(common(List.of(), alpn))
            .setRequireClientCertificate(BoolValue.of(true))
            .build();
    return socket(context);
  }

  /** One-sided TLS to a server outside the mesh, trusted by the system's roots. */
  public static TransportSocket system(String sni, List<String> names) {
    CertificateValidationContext.Builder validation = CertificateValidationContext.newBuilder();
    validation.getTrustedCaBuilder().setFilename(SYSTEM_ROOTS);
    for (String name : names.isEmpty() ? List.of(sni) : names) {
      validation.addMatchTypedSubjectAltNames(
          SubjectAltNameMatcher.newBuilder()
              .setSanType(SubjectAltNameMatcher.SanType.DNS)
              .setMatcher(StringMatcher.newBuilder().setExact(name)));
    }
    return socket(
        UpstreamTlsContext.newBuilder()
            .setCommonTlsContext(
                CommonTlsContext.newBuilder()
                    .setTlsParams(parameters())
                    .setValidationContext(validation))
            .setSni(sni)
            .build());
  }

  private static TransportSocket socket(com.google.protobuf.Message context) {
    return TransportSocket.newBuilder()
        .setName("envoy.transport_sockets.tls")
        .setTypedConfig(Wire.any(context))
        .build();
  }

  private static CommonTlsContext common(List<String> identities, List<String> alpn) {
    CertificateValidationContext.Builder own = CertificateValidationContext.newBuilder();
    for (String identity : identities) {
      own.addMatchTypedSubjectAltNames(
          SubjectAltNameMatcher.newBuilder()
              .setSanType(SubjectAltNameMatcher.SanType.URI)
              .setMatcher(StringMatcher.newBuilder().setExact(identity)));
    }
    return CommonTlsContext.newBuilder()
        .setTlsParams(parameters())
        .addAllAlpnProtocols(alpn)
        .addTlsCertificateSdsSecretConfigs(sds(SecretGenerator.WORKLOAD))
        .setCombinedValidationContext(
            CommonTlsContext.CombinedCertificateValidationContext.newBuilder()
                .setDefaultValidationContext(own)
                .setValidationContextSdsSecretConfig(sds(SecretGenerator.TRUST)))
        .build();
  }

  private static TlsParameters parameters() {
    return TlsParameters.newBuilder()
        .setTlsMinimumProtocolVersion(TlsParameters.TlsProtocol.TLSv1_2)
        .setTlsMaximumProtocolVersion(TlsParameters.TlsProtocol.TLSv1_3)
        .build();
  }

  private static SdsSecretConfig sds(String name) {
    return SdsSecretConfig.newBuilder().setName(name).setSdsConfig(Wire.ads()).build();
  }
}
