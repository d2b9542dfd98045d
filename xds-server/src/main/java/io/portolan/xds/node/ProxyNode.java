package io.portolan.xds.node;

import io.portolan.registry.model.Locality;
import java.util.List;
import java.util.Map;

/**
 * A proxy as its node message describes it. The claims are checked against the authenticated
 * identity before anything is generated.
 *
 * @param id the whole node id, {@code type~ip~name.namespace~domain}
 * @param role what it is for
 * @param addresses its IP addresses, the first is its identity
 * @param name name of its pod
 * @param namespace its namespace
 * @param cluster cluster it runs in
 * @param network its network, empty when it does not say
 * @param networkView networks it wants to see endpoints of, empty for all
 * @param serviceAccount its service account, empty when it does not say
 * @param labels labels of its workload
 * @param interception how traffic reaches it
 * @param appAddress where its workload listens when interception is NONE
 * @param unprivileged may not bind ports below 1024
 * @param locality its own claim, used when the registry knows no better
 * @param version version of the proxy, for people
 */
public record ProxyNode(
    String id,
    Role role,
    List<String> addresses,
    String name,
    String namespace,
    String cluster,
    String network,
    List<String> networkView,
    String serviceAccount,
    Map<String, String> labels,
    Interception interception,
    String appAddress,
    boolean unprivileged,
    Locality locality,
    String version) {
  public ProxyNode {
    addresses = List.copyOf(addresses);
    networkView = List.copyOf(networkView);
    labels = Map.copyOf(labels);
  }

  /** What a proxy is for. */
  public enum Role {
    SIDECAR,
    ROUTER,
    /** A gRPC client that speaks xDS itself (metadata {@code GENERATOR: grpc}). */
    PROXYLESS
  }

  /** How traffic reaches a proxy. */
  public enum Interception {
    /** Redirected to 15001 and 15006 with its original destination. */
    REDIRECT,
    /** By listeners on the workload's own address. */
    NONE
  }

  /** The first address. */
  public String address() {
    return addresses.getFirst();
  }
}
