package io.portolan.ca.authn;

import io.portolan.ca.store.CaDirectory;
import java.time.InstantSource;

/**
 * Finds out who a peer is. Blocks while a cluster's API server is asked, at most {@link
 * KubernetesTokens#LONGEST_WAIT}; safe for any thread that may block.
 *
 * <p>The issuer claim chooses who checks a token, unverified: whoever it chooses then checks the
 * signature, so a forged issuer only gets the token refused.
 */
public final class Authenticator {
  static final String NO_CLUSTER =
      "no cluster is claimed (expected gRPC metadata 'clusterid' or the node's CLUSTER_ID)";

  private final JoinTokens joinTokens;
  private final KubernetesTokens kubernetesTokens;
  private final ClientCertificates certificates;

  /**
   * @param kubernetesTokens checks tokens of every issuer but this control plane
   */
  public Authenticator(
      JoinTokens joinTokens,
      KubernetesTokens kubernetesTokens,
      CaDirectory ca,
      InstantSource clock) {
    this.joinTokens = joinTokens;
    this.kubernetesTokens = kubernetesTokens;
    this.certificates = new ClientCertificates(ca, clock);
  }

  /**
   * Checks what a peer brought.
   *
   * @param nodeCluster cluster that the peer claims in its message, empty when it has none there;
   *     used where the credential came without a cluster of its own
   */
  public AuthResult authenticate(PeerCredential credential, String nodeCluster) {
    return switch (credential) {
      case PeerCredential.Token token -> byToken(token, nodeCluster);
      case PeerCredential.Certificate certificate ->
          certificates.verify(certificate.chain(), claimed(certificate.cluster(), nodeCluster));
      case PeerCredential.Plaintext _, PeerCredential.Nothing _ ->
          new AuthResult.Refused(
              AuthResult.Reason.NO_CREDENTIAL,
              "no credential (expected a token as 'authorization: Bearer …': a join token made"
                  + " with 'portolan token', or a Kubernetes service account token; or a client"
                  + " certificate of the mesh)");
    };
  }

  private AuthResult byToken(PeerCredential.Token credential, String nodeCluster) {
    UnverifiedToken claims = UnverifiedToken.read(credential.token());
    if (claims != null && !claims.issuer().equals(JoinTokens.ISSUER)) {
      return kubernetesTokens.verify(
          credential.token(), claimed(credential.cluster(), nodeCluster));
    }
    AuthResult result = joinTokens.verify(credential.token());
    return result instanceof AuthResult.Verified verified
            && !credential.cluster().isEmpty()
            && !credential.cluster().equals(verified.identity().cluster())
        ? new AuthResult.Refused(
            AuthResult.Reason.CLUSTER,
            "gRPC metadata 'clusterid' names another cluster than the token, which is for '"
                + verified.identity().cluster()
                + "'")
        : result;
  }

  private static String claimed(String header, String nodeCluster) {
    return header.isEmpty() ? nodeCluster : header;
  }
}
