package io.portolan.ca.authn;

import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.store.CaDirectory;
import io.portolan.ca.trust.TrustBundle;
import io.portolan.ca.validate.PresentedChain;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;

/**
 * Client certificates of the mesh. Safe for any thread; takes some milliseconds of CPU.
 *
 * <p>A certificate is accepted when its whole chain holds now against the trust bundle, its
 * identity is a workload's of the mesh's trust domain, and its issuer signs or has signed for the
 * claimed cluster. What that says where clusters share one signer stands at {@link
 * CaDirectory#signsFor}.
 */
final class ClientCertificates {
  private final CaDirectory ca;
  private final InstantSource clock;

  ClientCertificates(CaDirectory ca, InstantSource clock) {
    this.ca = ca;
    this.clock = clock;
  }

  AuthResult verify(List<X509Certificate> chain, String cluster) {
    if (cluster.isEmpty()) {
      return new AuthResult.Refused(AuthResult.Reason.CLUSTER, Authenticator.NO_CLUSTER);
    }
    try {
      JoinIdentity.checkCluster(cluster);
      TrustBundle bundle = ca.trustBundle();
      PresentedChain path = PresentedChain.check(chain, bundle.roots(), clock.instant());
      SpiffeId id = PeerIdentity.of(path.leaf());
      if (!id.trustDomain().equals(bundle.trustDomain())) {
        return refused(
            "client certificate is of trust domain '"
                + id.trustDomain()
                + "' (expected '"
                + bundle.trustDomain()
                + "')");
      }
      if (!ca.signsFor(cluster, path.issuer())) {
        return refused("client certificate is not of cluster '" + cluster + "'");
      }
      return new AuthResult.Verified(
          new JoinIdentity(cluster, id.namespace(), id.serviceAccount()),
          AuthMethod.CLIENT_CERTIFICATE,
          path.leaf().getNotAfter().toInstant(),
          null);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      return refused(String.valueOf(e.getMessage()));
    }
  }

  private static AuthResult refused(String detail) {
    return new AuthResult.Refused(AuthResult.Reason.CERTIFICATE, detail);
  }
}
