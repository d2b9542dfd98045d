package io.portolan.ca.authn;

import java.time.Instant;

/** What came of checking a token. */
public sealed interface AuthResult {
  /** The token is good until {@code expires}. */
  record Verified(JoinIdentity identity, Instant expires) implements AuthResult {}

  /** The token is not accepted; {@code detail} never quotes it. */
  record Refused(Reason reason, String detail) implements AuthResult {}

  /** Why a token is not accepted. */
  enum Reason {
    TOO_LARGE,
    MALFORMED,
    ALGORITHM,
    UNKNOWN_KEY,
    SIGNATURE,
    ISSUER,
    AUDIENCE,
    NOT_YET_VALID,
    EXPIRED,
    CLAIMS
  }
}
