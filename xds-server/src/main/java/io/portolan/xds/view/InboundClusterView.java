package io.portolan.xds.view;

import io.portolan.registry.model.PortProtocol;
import java.util.List;

/**
 * A cluster that leads to the workload itself.
 *
 * @param address where the workload listens; empty uses the original destination
 * @param families the IP families that original destinations may have
 */
public record InboundClusterView(
    String name,
    String address,
    IpFamilies families,
    int port,
    PortProtocol protocol,
    List<String> sources) {
  public InboundClusterView {
    sources = List.copyOf(sources);
  }
}
