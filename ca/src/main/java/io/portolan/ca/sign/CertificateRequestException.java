package io.portolan.ca.sign;

import java.security.GeneralSecurityException;

/** A certificate request that is not accepted: the caller's fault, not the authority's. */
public final class CertificateRequestException extends GeneralSecurityException {
  private static final long serialVersionUID = 1L;

  CertificateRequestException(String message) {
    super(message);
  }

  CertificateRequestException(String message, Throwable cause) {
    super(message, cause);
  }
}
