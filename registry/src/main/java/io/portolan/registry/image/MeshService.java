package io.portolan.registry.image;

import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.ServiceReach;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A service as the whole mesh sees it: the merge of the definitions of all clusters.
 *
 * @param members one per defining object, in order of cluster id
 * @param ports the union of the members' ports by number; the first cluster that has a number names
 *     it
 * @param resolution how endpoints are found
 * @param external outside the mesh: no mutual TLS of ours
 * @param clusterLocal reached inside its own cluster only
 * @param aliasOf the host that an ExternalName service stands for, else empty
 * @param subjectAltNames identities its servers may have, empty means those of the endpoints
 * @param endpoints in a fixed order
 * @param notes why something that a reader might expect is not there
 */
public record MeshService(
    ServiceKey key,
    List<Member> members,
    List<ServicePort> ports,
    Resolution resolution,
    boolean external,
    boolean clusterLocal,
    String aliasOf,
    List<String> subjectAltNames,
    List<Endpoint> endpoints,
    List<String> notes) {
  public MeshService {
    members = List.copyOf(members);
    ports = List.copyOf(ports);
    subjectAltNames = List.copyOf(subjectAltNames);
    endpoints = List.copyOf(endpoints);
    notes = List.copyOf(notes);
  }

  /**
   * The definition in one cluster.
   *
   * @param addresses its virtual addresses there
   * @param headless has no virtual address by intent
   * @param ports its ports there: they are what proxies of that cluster see
   * @param reach who may use it there, and which endpoints it prefers
   * @param balancers addresses and host names of its cloud balancer, empty when it has none
   */
  public record Member(
      String cluster,
      List<String> addresses,
      boolean headless,
      List<ServicePort> ports,
      ObjectRef ref,
      Origin origin,
      ServiceReach reach,
      List<String> balancers) {
    public Member {
      addresses = List.copyOf(addresses);
      ports = List.copyOf(ports);
      balancers = List.copyOf(balancers);
    }

    /** Whether this definition is exported to a namespace. */
    public boolean exportedTo(String namespace) {
      List<String> exportTo = reach.exportTo();
      return exportTo.isEmpty()
          || exportTo.contains("*")
          || exportTo.contains(namespace)
          || (exportTo.contains(".") && ref.namespace().equals(namespace));
    }
  }

  /** The definition in a cluster, or null. */
  public @Nullable Member member(String cluster) {
    for (Member member : members) {
      if (member.cluster().equals(cluster)) {
        return member;
      }
    }
    return null;
  }

  /** True when some cluster says that it has no virtual address by intent. */
  public boolean headless() {
    return members.stream().anyMatch(Member::headless);
  }

  /**
   * Whether workloads of a namespace of a cluster see it: their own cluster's definition decides,
   * else any that is exported to them and not local to its cluster.
   */
  public boolean visibleTo(String cluster, String namespace) {
    Member own = member(cluster);
    return own != null
        ? own.exportedTo(namespace)
        : !clusterLocal && members.stream().anyMatch(m -> m.exportedTo(namespace));
  }

  /** True when a cluster has endpoints of it without a mesh proxy. */
  public boolean hasPlaintext(String cluster) {
    return endpoints.stream().anyMatch(e -> e.cluster().equals(cluster) && !e.meshTls());
  }

  /** The host name. */
  public String hostname() {
    return key.hostname();
  }

  /** The ports that proxies of a cluster see: its own definition, else the union. */
  public List<ServicePort> portsFor(String cluster) {
    List<ServicePort> own =
        members.stream()
            .filter(m -> m.cluster().equals(cluster))
            .flatMap(m -> m.ports().stream())
            .toList();
    return own.isEmpty() ? ports : own;
  }

  /**
   * The workload's port of an endpoint behind a service port: by number, then by the name that the
   * port has in the endpoint's cluster.
   */
  public Optional<Integer> targetPort(Endpoint endpoint, ServicePort port) {
    Integer byNumber = endpoint.ports().get(port.number());
    if (byNumber != null) {
      return Optional.of(byNumber);
    }
    return members.stream()
        .filter(m -> m.cluster().equals(endpoint.cluster()))
        .flatMap(m -> m.ports().stream())
        .filter(p -> !port.name().isEmpty() && p.name().equals(port.name()))
        .flatMap(p -> Optional.ofNullable(endpoint.ports().get(p.number())).stream())
        .findFirst();
  }
}
