package io.portolan.registry.model;

import java.util.List;
import java.util.Map;

/**
 * A Kubernetes Service of one cluster.
 *
 * @param type how it is exposed
 * @param externalName target of an {@code ExternalName} service, else empty
 * @param clusterIps its virtual addresses, empty for headless services
 * @param externalAddresses {@code externalIPs} and load balancer ingress addresses or host names
 * @param ports its ports
 * @param selector labels of its pods, empty when slices are made by hand
 * @param publishNotReady {@code publishNotReadyAddresses}
 * @param reach who may use it, and which endpoints are preferred
 */
public record ServiceObject(
    ObjectRef ref,
    Origin origin,
    Type type,
    String externalName,
    List<String> clusterIps,
    List<String> externalAddresses,
    List<ServicePort> ports,
    Map<String, String> selector,
    Map<String, String> labels,
    Map<String, String> annotations,
    boolean publishNotReady,
    ServiceReach reach)
    implements MeshObject {
  /** A service without restrictions or preferences. */
  public ServiceObject(
      ObjectRef ref,
      Origin origin,
      Type type,
      String externalName,
      List<String> clusterIps,
      List<String> externalAddresses,
      List<ServicePort> ports,
      Map<String, String> selector,
      Map<String, String> labels,
      Map<String, String> annotations,
      boolean publishNotReady) {
    this(
        ref,
        origin,
        type,
        externalName,
        clusterIps,
        externalAddresses,
        ports,
        selector,
        labels,
        annotations,
        publishNotReady,
        ServiceReach.DEFAULT);
  }

  /** Kinds of exposure. */
  public enum Type {
    CLUSTER_IP,
    HEADLESS,
    NODE_PORT,
    LOAD_BALANCER,
    EXTERNAL_NAME
  }

  public ServiceObject {
    clusterIps = List.copyOf(clusterIps);
    externalAddresses = List.copyOf(externalAddresses);
    ports = List.copyOf(ports);
    selector = Map.copyOf(selector);
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
  }
}
