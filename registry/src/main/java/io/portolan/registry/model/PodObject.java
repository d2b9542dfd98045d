package io.portolan.registry.model;

import java.util.List;
import java.util.Map;

/**
 * A pod, reduced to what traffic needs.
 *
 * @param ips its addresses, the primary first; empty while it has none
 * @param serviceAccount its service account, {@code default} when the pod names none
 * @param node name of its node, or empty
 * @param health from its conditions and deletion timestamp
 * @param ports named container ports
 * @param hostname {@code spec.hostname}, or empty
 * @param subdomain {@code spec.subdomain}: the headless service that gives it a name, or empty
 */
public record PodObject(
    ObjectRef ref,
    Origin origin,
    List<String> ips,
    Map<String, String> labels,
    String serviceAccount,
    String node,
    Health health,
    List<ContainerPort> ports,
    String hostname,
    String subdomain)
    implements MeshObject {
  public PodObject {
    ips = List.copyOf(ips);
    labels = Map.copyOf(labels);
    ports = List.copyOf(ports);
  }

  /** A container port; {@code name} may be empty. */
  public record ContainerPort(String name, int number) {}
}
