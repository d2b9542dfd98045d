package io.portolan.xds.view;

import io.portolan.registry.model.Health;
import io.portolan.registry.model.Locality;
import java.util.List;
import java.util.stream.Stream;

/**
 * The endpoints of one cluster as one proxy sees them.
 *
 * @param cluster the cluster's name
 * @param groups in order of priority and locality; priorities count from 0 without gaps; an address
 *     with its port occurs once in all of them
 * @param weighted the weights of localities are their shares of the traffic; otherwise only those
 *     of hosts count
 * @param leftOut endpoints that are not sent, each with the reason
 */
public record AssignmentView(
    String cluster, List<Group> groups, boolean weighted, List<LeftOut> leftOut) {
  public AssignmentView {
    groups = List.copyOf(groups);
    leftOut = List.copyOf(leftOut);
  }

  /** All hosts. */
  public Stream<Host> hosts() {
    return groups.stream().flatMap(group -> group.hosts().stream());
  }

  /** Endpoints of one locality with one priority. */
  public record Group(Locality locality, int priority, List<Host> hosts) {
    public Group {
      hosts = List.copyOf(hosts);
    }
  }

  /**
   * One address.
   *
   * @param weight 1 or more; share of weights is share of endpoints
   * @param meshTls speak mutual TLS to it
   * @param target SNI of the service it belongs to when that is not the cluster's own, else empty
   * @param workload {@code name;namespace;cluster} of the workload, empty for a gateway
   * @param why provenance for people: which source, which rule gave priority and weight
   * @param otherAddresses addresses of the same host in other IP families
   */
  public record Host(
      String address,
      int port,
      Health health,
      int weight,
      boolean meshTls,
      String target,
      String workload,
      Why why,
      List<String> otherAddresses) {
    public Host {
      otherAddresses = List.copyOf(otherAddresses);
    }

    /** False for a host name. */
    public boolean isLiteral() {
      return Literal.isAddress(address);
    }
  }

  /**
   * Why a host is there.
   *
   * @param sources the objects behind it
   * @param priorityReason one line
   * @param weightReason one line
   */
  public record Why(List<String> sources, String priorityReason, String weightReason) {
    public Why {
      sources = List.copyOf(sources);
    }
  }

  /** An endpoint that is not sent. */
  public record LeftOut(String endpoint, String reason) {}
}
