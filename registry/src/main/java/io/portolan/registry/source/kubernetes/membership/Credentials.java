package io.portolan.registry.source.kubernetes.membership;

import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.time.Instant;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** What a credential says about its own end. */
public final class Credentials {
  private static final int MAX_CLAIMS = 64 * 1024;

  private Credentials() {}

  /** When a credential ends, null when it has no end or does not say. */
  public static @Nullable Instant expiry(Kubeconfig.Auth auth) {
    return switch (auth) {
      case Kubeconfig.Token t -> tokenExpiry(t.token());
      case Kubeconfig.TokenFile f ->
          tokenExpiry(
              new TokenFiles(f.file(), java.time.InstantSource.fixed(Instant.EPOCH)).getToken());
      case Kubeconfig.ClientCertificate c -> certificateExpiry(c.certificatePem());
      case Kubeconfig.Basic b -> null;
    };
  }

  /**
   * The {@code exp} claim of a JWT (RFC 7519 4.1.4). Nothing is verified: the API server does that,
   * this only tells people in time.
   */
  public static @Nullable Instant tokenExpiry(String token) {
    String[] parts = token.split("\\.", -1);
    if (parts.length != 3 || parts[1].length() > MAX_CLAIMS) {
      return null;
    }
    try {
      String claims = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
      Object read = new Load(LoadSettings.builder().build()).loadFromString(claims);
      return read instanceof java.util.Map<?, ?> map && map.get("exp") instanceof Number exp
          ? Instant.ofEpochSecond(exp.longValue())
          : null;
    } catch (IllegalArgumentException | YamlEngineException | java.time.DateTimeException e) {
      return null;
    }
  }

  private static @Nullable Instant certificateExpiry(String pem) {
    try {
      return PemKeys.certificates(pem).stream()
          .map(c -> c.getNotAfter().toInstant())
          .min(Instant::compareTo)
          .orElse(null);
    } catch (CertificateException e) {
      return null;
    }
  }
}
