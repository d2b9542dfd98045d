package io.portolan.xds.view;

import io.portolan.registry.image.Endpoint;
import io.portolan.registry.image.MeshService;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.ServicePort;
import io.portolan.xds.node.ProxyNode;
import java.util.List;
import java.util.TreeMap;

/**
 * What the registry knows about the workload behind a sidecar.
 *
 * @param ports its ports that services lead to, in order of number
 * @param locality its place as the registry knows it, unknown when it does not
 * @param network its network as the registry knows it, empty when it does not
 */
record Workload(List<ListenerView.InboundPort> ports, Locality locality, String network) {
  Workload {
    ports = List.copyOf(ports);
  }

  static Workload of(MeshContext context, ProxyNode node) {
    TreeMap<Integer, ListenerView.InboundPort> ports = new TreeMap<>();
    Locality locality = Locality.UNKNOWN;
    String network = "";
    for (MeshService service : context.servicesAt(node.cluster(), node.addresses())) {
      if (!service.key().namespace().equals(node.namespace())) {
        continue;
      }
      for (Endpoint endpoint : service.endpoints()) {
        if (!endpoint.cluster().equals(node.cluster())
            || !node.addresses().contains(endpoint.address())) {
          continue;
        }
        locality = endpoint.locality();
        network = endpoint.network();
        for (ServicePort port : service.portsFor(node.cluster())) {
          service
              .targetPort(endpoint, port)
              .ifPresent(
                  target ->
                      ports.putIfAbsent(
                          target,
                          new ListenerView.InboundPort(
                              target,
                              port.protocol(),
                              service.hostname(),
                              service.key().toString())));
        }
      }
    }
    return new Workload(List.copyOf(ports.values()), locality, network);
  }
}
