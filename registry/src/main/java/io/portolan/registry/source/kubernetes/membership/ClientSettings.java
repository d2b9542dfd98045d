package io.portolan.registry.source.kubernetes.membership;

import java.time.Duration;

/**
 * How clients of API servers behave.
 *
 * @param connectTimeout until a connection stands, TLS included
 * @param requestTimeout until an answer begins; watches have none
 * @param userAgent shown to API servers, {@code portolan/<version>}
 */
public record ClientSettings(Duration connectTimeout, Duration requestTimeout, String userAgent) {
  /** Connect in 5 s, answer in 30 s. */
  public static ClientSettings of(String version) {
    return new ClientSettings(Duration.ofSeconds(5), Duration.ofSeconds(30), "portolan/" + version);
  }
}
