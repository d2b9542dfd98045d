package io.portolan.xds.view;

import io.portolan.registry.model.PortProtocol;
import java.util.List;

/**
 * A cluster that leads to the workload itself.
 *
 * @param address where the workload listens; empty uses the original destination from 127.0.0.6
 */
public record InboundClusterView(
    String name, String address, int port, PortProtocol protocol, List<String> sources) {
  public InboundClusterView {
    sources = List.copyOf(sources);
  }
}
