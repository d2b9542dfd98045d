package io.portolan.registry.image;

import io.portolan.registry.model.Health;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.ObjectRef;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * One endpoint of a service.
 *
 * @param address IP address, or a host name for DNS services
 * @param ports service port number to workload port; shared by the endpoints of one source object
 * @param cluster cluster it was read from
 * @param network network it is in; empty when unknown
 * @param namespace namespace of its workload
 * @param workload name of its pod or workload entry, or empty
 * @param serviceAccount its identity, or empty
 * @param weight 1 or more
 * @param labels labels of its workload, for subsets
 * @param meshTls whether a proxy terminates mutual TLS in front of it
 * @param source the object that says it exists
 * @param otherAddresses its addresses of other IP families; {@code address} is the preferred one
 * @param node the node it runs on, or empty
 * @param hostname its own name below the service's, or empty
 */
public record Endpoint(
    String address,
    Map<Integer, Integer> ports,
    String cluster,
    String network,
    Locality locality,
    String namespace,
    String workload,
    String serviceAccount,
    Health health,
    int weight,
    Map<String, String> labels,
    boolean meshTls,
    ObjectRef source,
    List<String> otherAddresses,
    String node,
    String hostname) {
  public Endpoint {
    otherAddresses = List.copyOf(otherAddresses);
  }

  /** An endpoint with one address, no node and no name of its own. */
  public Endpoint(
      String address,
      Map<Integer, Integer> ports,
      String cluster,
      String network,
      Locality locality,
      String namespace,
      String workload,
      String serviceAccount,
      Health health,
      int weight,
      Map<String, String> labels,
      boolean meshTls,
      ObjectRef source) {
    this(
        address,
        ports,
        cluster,
        network,
        locality,
        namespace,
        workload,
        serviceAccount,
        health,
        weight,
        labels,
        meshTls,
        source,
        List.of(),
        "",
        "");
  }

  Endpoint withOther(String other) {
    return new Endpoint(
        address,
        ports,
        cluster,
        network,
        locality,
        namespace,
        workload,
        serviceAccount,
        health,
        weight,
        labels,
        meshTls,
        source,
        List.of(other),
        node,
        hostname);
  }

  static final Comparator<Endpoint> ORDER =
      Comparator.comparing(Endpoint::cluster)
          .thenComparing(Endpoint::locality)
          .thenComparing(Endpoint::address)
          .thenComparing(Endpoint::source)
          .thenComparing(e -> e.ports().toString());
}
