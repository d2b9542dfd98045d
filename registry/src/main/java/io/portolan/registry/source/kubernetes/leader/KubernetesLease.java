package io.portolan.registry.source.kubernetes.leader;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Optional;

/** A Lease of an API server. Needs get, create and update of leases in its namespace. */
public final class KubernetesLease implements LeaseStore {
  private final Connection connection;
  private final String namespace;
  private final String name;

  /** The client of the moment: a rotated credential makes another one. */
  @FunctionalInterface
  public interface Connection {
    /**
     * A client that stays open.
     *
     * @throws IOException when there is none now
     */
    KubernetesClient client() throws IOException;
  }

  /** A Lease of this namespace; it need not exist. */
  public KubernetesLease(Connection connection, String namespace, String name) {
    this.connection = connection;
    this.namespace = namespace;
    this.name = name;
  }

  @Override
  public Optional<LeaseRecord> read() throws IOException {
    try {
      Lease lease =
          BoundedRequests.ask(
              connection.client(), c -> c.leases().inNamespace(namespace).withName(name).get());
      return Optional.ofNullable(lease).map(KubernetesLease::record);
    } catch (KubernetesClientException e) {
      throw failure("read", e);
    }
  }

  @Override
  public Optional<LeaseRecord> write(LeaseRecord next) throws IOException {
    Lease lease =
        new LeaseBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace(namespace)
            .withResourceVersion(next.version().isEmpty() ? null : next.version())
            .endMetadata()
            .withNewSpec()
            .withHolderIdentity(next.holder())
            .withLeaseDurationSeconds((int) Math.max(1, next.duration().toSeconds()))
            .withAcquireTime(time(next.acquired()))
            .withRenewTime(time(next.renewed()))
            .withLeaseTransitions(next.transitions())
            .endSpec()
            .build();
    try {
      Lease stored =
          BoundedRequests.ask(
              connection.client(),
              c -> {
                var resource = c.leases().inNamespace(namespace).resource(lease);
                return next.version().isEmpty() ? resource.create() : resource.update();
              });
      return Optional.of(record(stored));
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT
          || (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND && !next.version().isEmpty())) {
        return Optional.empty();
      }
      throw failure("write", e);
    }
  }

  private IOException failure(String what, KubernetesClientException e) {
    return new IOException(
        "lease " + namespace + "/" + name + ": " + what + ": " + e.getMessage(), e);
  }

  private static ZonedDateTime time(Instant instant) {
    return instant.atZone(ZoneOffset.UTC);
  }

  private static LeaseRecord record(Lease lease) {
    LeaseSpec spec = lease.getSpec() == null ? new LeaseSpec() : lease.getSpec();
    return new LeaseRecord(
        spec.getHolderIdentity() == null ? "" : spec.getHolderIdentity(),
        Duration.ofSeconds(
            spec.getLeaseDurationSeconds() == null ? 1 : spec.getLeaseDurationSeconds()),
        spec.getAcquireTime() == null ? Instant.EPOCH : spec.getAcquireTime().toInstant(),
        spec.getRenewTime() == null ? Instant.EPOCH : spec.getRenewTime().toInstant(),
        spec.getLeaseTransitions() == null ? 0 : spec.getLeaseTransitions(),
        lease.getMetadata().getResourceVersion());
  }
}
