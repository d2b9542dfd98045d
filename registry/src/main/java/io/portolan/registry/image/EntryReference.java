package io.portolan.registry.image;

import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.ServiceEntryObject;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.WorkloadSpec;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An endpoint of a ServiceEntry that is the name of a mesh service of one network. It stands for
 * that service's endpoints there: they are reached as the service is, through the network's
 * gateways and with its identities.
 *
 * @param service the service
 * @param name its name in its namespace
 * @param network the network the endpoint is on, not empty
 * @param from namespace of the entry: the service must be exported to it
 * @param ports number of a port of the entry to that of the service
 */
record EntryReference(
    ServiceKey service, String name, String network, String from, Map<Integer, Integer> ports) {
  EntryReference {
    ports = Map.copyOf(ports);
  }

  /** The network that an inline endpoint says it is on, empty when it does not. */
  static String network(WorkloadSpec spec) {
    return spec.network().isEmpty()
        ? spec.labels().getOrDefault(NetworkResolver.NETWORK_LABEL, "")
        : spec.network();
  }

  /** What an inline endpoint refers to; null when it is no such reference. */
  static @Nullable EntryReference of(
      ServiceEntryObject entry, WorkloadSpec spec, MeshSettings settings) {
    String network = network(spec);
    String suffix = ".svc." + settings.domain();
    boolean named =
        entry.resolution() == Resolution.DNS || entry.resolution() == Resolution.DNS_ROUND_ROBIN;
    if (!named || network.isEmpty() || !spec.address().endsWith(suffix)) {
      return null;
    }
    String bare = spec.address().substring(0, spec.address().length() - suffix.length());
    int dot = bare.indexOf('.');
    boolean ofService = dot > 0 && dot == bare.lastIndexOf('.') && dot + 1 < bare.length();
    if (!ofService || settings.clusterLocal(spec.address())) {
      return null;
    }
    Map<Integer, Integer> ports = new TreeMap<>();
    for (ServicePort port : entry.ports()) {
      Integer own = spec.ports().get(port.name());
      ports.put(
          port.number(),
          own != null ? own : port.targetPort() > 0 ? port.targetPort() : port.number());
    }
    return new EntryReference(
        new ServiceKey(spec.address(), bare.substring(dot + 1)),
        bare.substring(0, dot),
        network,
        entry.ref().namespace(),
        ports);
  }

  /** What the endpoint itself leads to while nothing more is known of the service. */
  Endpoint.Target target() {
    return new Endpoint.Target(service.hostname(), ports);
  }
}
