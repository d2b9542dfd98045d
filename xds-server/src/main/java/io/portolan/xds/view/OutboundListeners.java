package io.portolan.xds.view;

import io.portolan.registry.image.MeshService;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.ServicePort;
import io.portolan.xds.node.ProxyNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Makes a sidecar's outbound listeners. Pure. */
final class OutboundListeners {
  private static final int FIRST_UNPRIVILEGED = 1024;

  private final MeshContext context;
  private final ProxyScope scope;
  private final List<String> notes;

  OutboundListeners(MeshContext context, ProxyScope scope, List<String> notes) {
    this.context = context;
    this.scope = scope;
    this.notes = notes;
  }

  List<ListenerView> redirect() {
    List<ListenerView> listeners = new ArrayList<>();
    listeners.add(new ListenerView.VirtualOutbound(!context.image().settings().registryOnly()));
    TreeMap<Integer, List<String>> http = new TreeMap<>();
    TreeMap<String, ListenerView> tcp = new TreeMap<>();
    for (MeshService service : context.visible(scope)) {
      for (ServicePort port : service.portsFor(scope.cluster())) {
        if (port.protocol().isHttp()) {
          http.computeIfAbsent(port.number(), p -> new ArrayList<>()).add(service.key().toString());
        } else if (port.protocol() != PortProtocol.UDP) {
          addTcp(tcp, service, port);
        }
      }
    }
    http.forEach(
        (port, sources) ->
            listeners.add(
                new ListenerView.OutboundHttp(
                    "0.0.0.0_" + port, "0.0.0.0", port, false, Integer.toString(port), sources)));
    listeners.addAll(tcp.values());
    return listeners;
  }

  private void addTcp(Map<String, ListenerView> tcp, MeshService service, ServicePort port) {
    String cluster = ClusterView.name(port.number(), "", service.hostname());
    Set<String> addresses = new java.util.TreeSet<>();
    for (MeshService.Member member : service.members()) {
      for (String address : member.addresses()) {
        if (member.cluster().equals(scope.cluster())
            || !context.isOwnAddress(scope.cluster(), address)) {
          addresses.add(address);
        }
      }
    }
    if (addresses.isEmpty()) {
      notes.add(
          "service "
              + service.key()
              + " port "
              + port.number()
              + " is TCP without a virtual address: it passes through by original destination");
    }
    for (String address : addresses) {
      if (!Literal.isAddress(address)) {
        continue;
      }
      String name = address + "_" + port.number();
      if (tcp.containsKey(name)) {
        notes.add(
            "service "
                + service.key()
                + " port "
                + port.number()
                + ": "
                + name
                + " belongs to another service");
        continue;
      }
      tcp.put(
          name,
          new ListenerView.OutboundTcp(
              name, address, port.number(), false, cluster, List.of(service.key().toString())));
    }
  }

  /** Listeners on the workload's own address; {@code taken} are its inbound ports. */
  List<ListenerView> bound(ProxyNode node, Set<Integer> taken) {
    TreeMap<Integer, ListenerView> byPort = new TreeMap<>();
    List<MeshService> services = context.visible(scope);
    for (MeshService service : services) {
      for (ServicePort port : service.portsFor(scope.cluster())) {
        if (port.protocol().isHttp() && usable(node, service, port, taken)) {
          int number = port.number();
          byPort.putIfAbsent(
              number,
              new ListenerView.OutboundHttp(
                  node.address() + "_" + number,
                  node.address(),
                  number,
                  true,
                  Integer.toString(number),
                  List.of(service.key().toString())));
        }
      }
    }
    for (MeshService service : services) {
      for (ServicePort port : service.portsFor(scope.cluster())) {
        if (!port.protocol().isHttp()
            && port.protocol() != PortProtocol.UDP
            && usable(node, service, port, taken)) {
          addBoundTcp(byPort, node, service, port);
        }
      }
    }
    return List.copyOf(byPort.values());
  }

  private void addBoundTcp(
      Map<Integer, ListenerView> byPort, ProxyNode node, MeshService service, ServicePort port) {
    int number = port.number();
    ListenerView known =
        byPort.putIfAbsent(
            number,
            new ListenerView.OutboundTcp(
                node.address() + "_" + number,
                node.address(),
                number,
                true,
                ClusterView.name(number, "", service.hostname()),
                List.of(service.key().toString())));
    if (known != null) {
      notes.add(
          "service "
              + service.key()
              + " port "
              + number
              + " is not reachable in interception mode NONE: the port belongs to "
              + known.sources());
    }
  }

  private final Set<String> reported = new HashSet<>();

  private boolean usable(
      ProxyNode node, MeshService service, ServicePort port, Set<Integer> taken) {
    String problem = "";
    if (taken.contains(port.number())) {
      problem = "it is an inbound port of the workload";
    } else if (node.unprivileged() && port.number() < FIRST_UNPRIVILEGED) {
      problem = "the proxy may not bind ports below " + FIRST_UNPRIVILEGED;
    }
    if (!problem.isEmpty() && reported.add(service.key() + ":" + port.number())) {
      notes.add(
          "service "
              + service.key()
              + " port "
              + port.number()
              + " is not reachable in interception mode NONE: "
              + problem);
    }
    return problem.isEmpty();
  }
}
