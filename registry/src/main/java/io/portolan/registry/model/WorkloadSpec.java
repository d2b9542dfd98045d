package io.portolan.registry.model;

import java.util.Map;

/**
 * One workload outside Kubernetes: the body of a WorkloadEntry and of a ServiceEntry endpoint.
 *
 * @param address IP address or, for DNS services, a host name
 * @param ports service port name to workload port; empty means the service's own numbers
 * @param network its network, or empty for the cluster's
 * @param locality its locality, or unknown for the cluster's
 * @param weight relative weight, 0 counts as 1
 * @param serviceAccount its identity, or empty
 */
public record WorkloadSpec(
    String address,
    Map<String, Integer> ports,
    Map<String, String> labels,
    String network,
    Locality locality,
    int weight,
    String serviceAccount) {
  public WorkloadSpec {
    ports = Map.copyOf(ports);
    labels = Map.copyOf(labels);
  }
}
