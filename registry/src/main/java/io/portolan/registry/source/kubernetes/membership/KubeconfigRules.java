package io.portolan.registry.source.kubernetes.membership;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a kubeconfig may ask for; that depends on who wrote it. Whoever may write a Secret must not
 * be able to make the control plane read its own files.
 *
 * @param base folder that relative file references start from; null refuses file references
 * @param insecureSkipTlsVerify servers may go unchecked
 */
public record KubeconfigRules(@Nullable Path base, boolean insecureSkipTlsVerify) {
  /** For the content of a Secret. */
  public static final KubeconfigRules SECRET = new KubeconfigRules(null, false);

  /** For a file of the operator's own. */
  public static KubeconfigRules file(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    return new KubeconfigRules(parent == null ? file.toAbsolutePath() : parent, false);
  }

  /** The same, and servers may go unchecked. */
  public KubeconfigRules allowInsecure(boolean allowed) {
    return new KubeconfigRules(base, allowed);
  }
}
