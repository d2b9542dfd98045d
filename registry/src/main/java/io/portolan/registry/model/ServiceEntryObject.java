package io.portolan.registry.model;

import java.util.List;
import java.util.Map;

/**
 * A ServiceEntry.
 *
 * @param hosts its host names
 * @param addresses virtual addresses, may be empty
 * @param meshInternal {@code location: MESH_INTERNAL}
 * @param endpoints inline endpoints
 * @param workloadSelector labels of workloads that back it, empty when inline endpoints do
 * @param exportTo namespaces that see it; empty means the mesh default
 * @param subjectAltNames identities its servers may have, empty means those of the endpoints
 */
public record ServiceEntryObject(
    ObjectRef ref,
    Origin origin,
    List<String> hosts,
    List<String> addresses,
    List<ServicePort> ports,
    Resolution resolution,
    boolean meshInternal,
    List<WorkloadSpec> endpoints,
    Map<String, String> workloadSelector,
    List<String> exportTo,
    List<String> subjectAltNames)
    implements MeshObject {
  public ServiceEntryObject {
    hosts = List.copyOf(hosts);
    addresses = List.copyOf(addresses);
    ports = List.copyOf(ports);
    endpoints = List.copyOf(endpoints);
    workloadSelector = Map.copyOf(workloadSelector);
    exportTo = List.copyOf(exportTo);
    subjectAltNames = List.copyOf(subjectAltNames);
  }
}
