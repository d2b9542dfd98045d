package io.portolan.registry.model;

import java.util.List;

/**
 * An EndpointSlice.
 *
 * @param service name of the service it belongs to, in the same namespace
 * @param ports its ports, shared by all endpoints
 * @param endpoints its endpoints
 */
public record SliceObject(
    ObjectRef ref,
    Origin origin,
    String service,
    List<SlicePort> ports,
    List<SliceEndpoint> endpoints)
    implements MeshObject {
  public SliceObject {
    ports = List.copyOf(ports);
    endpoints = List.copyOf(endpoints);
  }

  /** A port by name; {@code number} 1..65535. */
  public record SlicePort(String name, int number) {}

  /**
   * One endpoint.
   *
   * @param address its first address; the API allows more but consumers use the first
   * @param health {@code ready} nil or true is healthy; serving and terminating is draining
   * @param node name of its node, or empty
   * @param zone its zone, or empty
   * @param pod name of the pod it is, from {@code targetRef}, or empty
   * @param hostname its own name below the service's, or empty
   */
  public record SliceEndpoint(
      String address, Health health, String node, String zone, String pod, String hostname) {}
}
