package io.portolan.registry.source.kubernetes.membership;

import io.fabric8.kubernetes.client.OAuthTokenProvider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * The token in a file, followed: the file is read again when the last reading is old, so that a
 * rotated token is used without a restart. A file that cannot be read leaves the last token in
 * place. Safe for any thread.
 */
final class TokenFiles implements OAuthTokenProvider {
  /** Kubelets rotate a projected token at 80 % of its life, 10 min at the shortest. */
  static final Duration FRESH = Duration.ofSeconds(10);

  private static final int MAX_BYTES = 64 * 1024;

  private final Path file;
  private final InstantSource clock;
  private String token = "";
  private Instant read = Instant.MIN;

  TokenFiles(Path file, InstantSource clock) {
    this.file = file;
    this.clock = clock;
  }

  @Override
  public synchronized String getToken() {
    Instant now = clock.instant();
    if (read.equals(Instant.MIN) || !now.isBefore(read.plus(FRESH)) || now.isBefore(read)) {
      read = now;
      try {
        String next =
            Files.size(file) > MAX_BYTES
                ? ""
                : Files.readString(file, StandardCharsets.US_ASCII).strip();
        token = next.isEmpty() ? token : next;
      } catch (IOException e) {
        // Being replaced at this moment, or gone: the API server says when the old one is no good.
        return token;
      }
    }
    return token;
  }
}
