package io.portolan.registry.federation;

import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.NamespaceObject;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which cluster answers under a member's name: the UID of its namespace kube-system. What is read
 * is believed by the same rules as ever; that it comes from another cluster than before is said
 * loudly. Not thread-safe: guarded by its member.
 */
final class Identity {
  /** How long a replacement stays among the findings. */
  static final Duration TOLD = Duration.ofDays(1);

  private static final Logger LOG = LoggerFactory.getLogger(Identity.class);

  private final String cluster;
  private final Surroundings around;
  private String uid = "";
  private String replaced = "";
  private Duration replacedAt = Duration.ZERO;

  Identity(String cluster, Surroundings around) {
    this.cluster = cluster;
    this.around = around;
  }

  /** UID of kube-system, empty before it was read. */
  String uid() {
    return uid;
  }

  /** What is said of a replacement in the last day, else empty. */
  String replaced(Duration steady) {
    return steady.minus(replacedAt).compareTo(TOLD) < 0 ? replaced : "";
  }

  /** Takes in what a reader or a snapshot says, kube-system perhaps among it. */
  void seen(Collection<MeshObject> objects, Duration steady) {
    for (MeshObject object : objects) {
      if (object instanceof NamespaceObject namespace && !namespace.uid().isEmpty()) {
        seen(namespace.uid(), steady);
      }
    }
  }

  private void seen(String now, Duration steady) {
    if (!uid.isEmpty() && !uid.equals(now)) {
      Instant when = around.clock().instant().truncatedTo(ChronoUnit.SECONDS);
      replaced =
          "its API server answers for another cluster since "
              + when
              + ": the UID of namespace kube-system was "
              + uid
              + ", is "
              + now
              + " (remedy: nothing if the cluster was rebuilt on purpose, else correct the server"
              + " in its remote secret)";
      replacedAt = steady;
      LOG.error("cluster replaced cluster={} wasUid={} uid={}", cluster, uid, now);
      around.events().replaced(cluster);
    }
    uid = now;
  }
}
