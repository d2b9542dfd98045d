package io.portolan.registry.image;

import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.ServicePort;
import java.util.List;
import java.util.Optional;

/**
 * A service as the whole mesh sees it: the merge of the definitions of all clusters.
 *
 * @param members one per defining object, in order of cluster id
 * @param ports the union of the members' ports by number; the first cluster that has a number names
 *     it
 * @param resolution how endpoints are found
 * @param external outside the mesh: no mutual TLS of ours
 * @param exportTo namespaces that see it, empty means all
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
    List<String> exportTo,
    List<String> subjectAltNames,
    List<Endpoint> endpoints,
    List<String> notes) {
  public MeshService {
    members = List.copyOf(members);
    ports = List.copyOf(ports);
    exportTo = List.copyOf(exportTo);
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
   */
  public record Member(
      String cluster,
      List<String> addresses,
      boolean headless,
      List<ServicePort> ports,
      ObjectRef ref,
      Origin origin) {
    public Member {
      addresses = List.copyOf(addresses);
      ports = List.copyOf(ports);
    }
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
