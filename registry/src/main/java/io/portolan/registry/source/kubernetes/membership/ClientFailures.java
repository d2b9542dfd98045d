package io.portolan.registry.source.kubernetes.membership;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** What a failed request means, in one line for people. */
public final class ClientFailures {
  private ClientFailures() {}

  /** The reason, with the cause that counts. */
  public static String reason(Throwable failure) {
    if (failure instanceof KubernetesClientException e && e.getStatus() != null) {
      String said = e.getStatus().getMessage();
      return switch (e.getCode()) {
        case HttpURLConnection.HTTP_UNAUTHORIZED ->
            "the API server does not accept the credential (401)";
        case HttpURLConnection.HTTP_FORBIDDEN -> "not allowed (403): " + said;
        default -> "status " + e.getCode() + (said == null ? "" : ": " + said);
      };
    }
    SSLException tls = cause(failure, SSLException.class);
    if (tls != null) {
      return "TLS: " + deepest(tls);
    }
    if (cause(failure, java.nio.channels.UnresolvedAddressException.class) != null
        || cause(failure, UnknownHostException.class) != null) {
      return "the name of the server is not known to DNS";
    }
    if (cause(failure, HttpTimeoutException.class) != null
        || cause(failure, TimeoutException.class) != null) {
      return "no answer in time";
    }
    if (cause(failure, ConnectException.class) != null) {
      return "no TCP connection (refused, or no route)";
    }
    return deepest(failure);
  }

  private static <T extends Throwable> @Nullable T cause(Throwable failure, Class<T> type) {
    Throwable at = failure;
    for (int depth = 0; at != null && depth < 20; depth++) {
      if (type.isInstance(at)) {
        return type.cast(at);
      }
      at = at.getCause();
    }
    return null;
  }

  private static String deepest(Throwable failure) {
    Throwable at = failure;
    String text = String.valueOf(failure.getMessage());
    for (int depth = 0; at != null && depth < 20; depth++) {
      if (at.getMessage() != null) {
        text = at.getMessage();
      }
      at = at.getCause();
    }
    return text;
  }
}
