package io.portolan.ca.authn;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What came of checking a credential. */
public sealed interface AuthResult {
  /**
   * The credential is good until {@code expires}.
   *
   * @param pod the pod a token is bound to; null when it is bound to none
   */
  record Verified(JoinIdentity identity, AuthMethod method, Instant expires, @Nullable BoundPod pod)
      implements AuthResult {}

  /** The credential is not accepted; {@code detail} never quotes it. */
  record Refused(Reason reason, String detail) implements AuthResult {}

  /** The credential could not be checked now; the caller may try again. */
  record Unavailable(String detail) implements AuthResult {}

  /** The pod that a Kubernetes token is bound to. */
  record BoundPod(String name, String uid) {}

  /** Why a credential is not accepted. */
  enum Reason {
    NO_CREDENTIAL,
    TOO_LARGE,
    MALFORMED,
    ALGORITHM,
    UNKNOWN_KEY,
    SIGNATURE,
    ISSUER,
    AUDIENCE,
    NOT_YET_VALID,
    EXPIRED,
    CLAIMS,
    /** No cluster, a cluster that is not known, or another one than the credential is for. */
    CLUSTER,
    /** The cluster's API server does not accept the token. */
    REVIEW,
    /** A client certificate that is not the mesh's or not the cluster's. */
    CERTIFICATE
  }
}
