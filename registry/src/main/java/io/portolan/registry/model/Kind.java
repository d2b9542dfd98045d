package io.portolan.registry.model;

/** The kinds of outside objects the registry understands. */
public enum Kind {
  NAMESPACE("Namespace"),
  NODE("Node"),
  SERVICE("Service"),
  ENDPOINT_SLICE("EndpointSlice"),
  POD("Pod"),
  SERVICE_ACCOUNT("ServiceAccount"),
  SERVICE_ENTRY("ServiceEntry"),
  WORKLOAD_ENTRY("WorkloadEntry"),
  DESTINATION_RULE("DestinationRule"),
  VIRTUAL_SERVICE("VirtualService"),
  GATEWAY("Gateway");

  private final String kubernetesName;

  Kind(String kubernetesName) {
    this.kubernetesName = kubernetesName;
  }

  /** The {@code kind} as written in Kubernetes YAML. */
  public String kubernetesName() {
    return kubernetesName;
  }
}
