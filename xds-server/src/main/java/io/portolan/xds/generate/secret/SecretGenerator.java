package io.portolan.xds.generate.secret;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.ResourceType;
import java.util.List;

/** The two secrets of every mesh proxy. */
public final class SecretGenerator {
  /** Name of a proxy's own certificate and key. */
  public static final String WORKLOAD = "default";

  /** Name of the trust bundle. */
  public static final String TRUST = "ROOTCA";

  private SecretGenerator() {}

  /**
   * A certificate with its key.
   *
   * @param version stands for the certificate; never derived from the key
   */
  public static EncodedResource workload(byte[] chainPem, byte[] keyPem, String version) {
    Secret.Builder secret = Secret.newBuilder().setName(WORKLOAD);
    secret.getTlsCertificateBuilder().getCertificateChainBuilder().setInlineBytes(bytes(chainPem));
    secret.getTlsCertificateBuilder().getPrivateKeyBuilder().setInlineBytes(bytes(keyPem));
    return EncodedResource.secret(WORKLOAD, secret.build(), version);
  }

  /** The trust bundle. */
  public static EncodedResource trustBundle(byte[] pem) {
    Secret.Builder secret = Secret.newBuilder().setName(TRUST);
    secret.getValidationContextBuilder().getTrustedCaBuilder().setInlineBytes(bytes(pem));
    return EncodedResource.of(ResourceType.SECRET, TRUST, secret.build(), List.of());
  }

  private static ByteString bytes(byte[] content) {
    return UnsafeByteOperations.unsafeWrap(content);
  }
}
