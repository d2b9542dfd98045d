package io.portolan.registry.image;

import io.portolan.registry.model.Health;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.ObjectRef;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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
 * @param target the mesh service it belongs to when that is another one, else null
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
    String hostname,
    @Nullable Target target) {
  public Endpoint {
    otherAddresses = List.copyOf(otherAddresses);
  }

  /**
   * The mesh service whose endpoint it is, where that is not the one it is listed under: a
   * ServiceEntry may name it. Its proxy and the gateways in front of it know it as that service's.
   *
   * @param hostname host of that service
   * @param ports number of a port of the listing service to that of the other service
   */
  public record Target(String hostname, Map<Integer, Integer> ports) {
    public Target {
      ports = Map.copyOf(ports);
    }
  }

  /** The same with one more address, of another family. */
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
        hostname,
        target);
  }

  /** The same as it is listed under another service: with that one's ports, no name of its own. */
  Endpoint listedAs(Map<Integer, Integer> portsThere, Target own) {
    return new Endpoint(
        address,
        portsThere,
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
        otherAddresses,
        node,
        "",
        own);
  }

  static final Comparator<Endpoint> ORDER =
      Comparator.comparing(Endpoint::cluster)
          .thenComparing(Endpoint::locality)
          .thenComparing(Endpoint::address)
          .thenComparing(Endpoint::source)
          .thenComparing(e -> e.ports().toString());
}
