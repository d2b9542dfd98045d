package io.portolan.ca.store;

import io.portolan.ca.trust.Fingerprint;
import io.portolan.ca.trust.Pem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which authorities have signed for each cluster, as certificates without keys in one file per
 * cluster, so that a certificate of an earlier authority stays tied to its cluster over renewals
 * and restarts. Keeps the {@value #MOST} newest unexpired ones. Safe for any thread.
 */
final class ClusterIssuers {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterIssuers.class);
  private static final int MOST = 32;

  private final Path directory;
  private final Map<String, List<X509Certificate>> known = new HashMap<>();

  ClusterIssuers(Path directory) {
    this.directory = directory;
  }

  /** Notes that this authority signs for the cluster from now on. */
  synchronized void add(String cluster, X509Certificate issuer, Instant now) throws IOException {
    List<X509Certificate> before = of(cluster);
    if (before.contains(issuer)) {
      return;
    }
    List<X509Certificate> after = new ArrayList<>();
    after.add(issuer);
    before.stream()
        .filter(c -> !c.getNotAfter().toInstant().isBefore(now))
        .limit(MOST - 1L)
        .forEach(after::add);
    OwnerOnlyFiles.directory(directory);
    OwnerOnlyFiles.write(file(cluster), Pem.of(after));
    known.put(cluster, List.copyOf(after));
  }

  /** Whether this authority signs or has signed for the cluster. */
  synchronized boolean contains(String cluster, X509Certificate issuer) {
    return of(cluster).contains(issuer);
  }

  /** Newest first. A cluster that is not known leaves nothing behind, anybody may ask for one. */
  private List<X509Certificate> of(String cluster) {
    List<X509Certificate> held = known.get(cluster);
    if (held != null) {
      return held;
    }
    Path file = file(cluster);
    if (!Files.exists(file)) {
      return List.of();
    }
    try {
      List<X509Certificate> read = List.copyOf(Pem.certificates(Files.readAllBytes(file)));
      known.put(cluster, read);
      return read;
    } catch (IOException | CertificateException e) {
      LOG.warn(
          "earlier authorities not readable cluster={} file={} reason=\"{}\"",
          cluster,
          file,
          e.getMessage());
      return List.of();
    }
  }

  /** A tilde occurs in no usable cluster id, so the two kinds of names never meet. */
  private Path file(String cluster) {
    String name =
        Intermediates.isFileName(cluster)
            ? cluster
            : "~" + Fingerprint.whole(cluster.getBytes(StandardCharsets.UTF_8));
    return directory.resolve(name + ".pem");
  }
}
