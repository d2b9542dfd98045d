package io.portolan.it.deploy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** A real API server, with rights to everything. */
interface ApiServer {
  /** A kubeconfig of an administrator. */
  Path kubeconfig();

  /** The audit log, where the server writes one. */
  Optional<Path> auditLog();

  /**
   * The server that the properties {@code portolan.kubeconfig} and {@code portolan.auditLog} name;
   * the test is skipped, with the reason, where they name none.
   */
  static ApiServer named() {
    String file = System.getProperty("portolan.kubeconfig", "");
    Assumptions.assumeFalse(
        file.isEmpty(),
        "SKIPPED: no API server is named, so nothing is applied to one"
            + " (remedy: -Dportolan.kubeconfig=FILE)");
    Path kubeconfig = Path.of(file);
    Assumptions.assumeTrue(Files.isReadable(kubeconfig), "SKIPPED: " + file + " cannot be read");
    @Nullable String log = System.getProperty("portolan.auditLog");
    return new ApiServer() {
      @Override
      public Path kubeconfig() {
        return kubeconfig;
      }

      @Override
      public Optional<Path> auditLog() {
        return Optional.ofNullable(log).map(Path::of);
      }
    };
  }
}
