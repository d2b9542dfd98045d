package io.portolan.xds.view;

import io.portolan.registry.image.Endpoint;
import io.portolan.registry.image.MeshService;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.ServicePort;
import io.portolan.xds.node.ProxyNode;
import java.util.ArrayList;
import java.util.HashMap;
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
    ListenAddress any = ListenAddress.any(scope.families());
    listeners.add(
        new ListenerView.VirtualOutbound(any, !context.image().settings().registryOnly()));
    TreeMap<Integer, List<String>> http = new TreeMap<>();
    TreeMap<String, ListenerView> tcp = new TreeMap<>();
    for (MeshService service : context.visible(scope)) {
      for (ServicePort port : ports(service)) {
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
                    any.name(port), any, port, false, Integer.toString(port), sources)));
    listeners.addAll(tcp.values());
    return listeners;
  }

  /** The ports of a service; none of an alias, which has no listeners of its own. */
  private List<ServicePort> ports(MeshService service) {
    return context.aliased(service, scope).isPresent()
        ? List.of()
        : service.portsFor(scope.cluster());
  }

  private void addTcp(Map<String, ListenerView> tcp, MeshService service, ServicePort port) {
    String cluster = ClusterView.name(port.number(), "", service.hostname());
    List<String> addresses =
        context.virtualAddresses(service, scope).stream().filter(Literal::isAddress).toList();
    for (String address : addresses) {
      add(tcp, service, address, port.number(), cluster);
    }
    if (service.headless()) {
      addPods(tcp, service, port, cluster);
    } else if (addresses.isEmpty()) {
      notes.add(
          about(service, port.number())
              + " is TCP without a virtual address in cluster "
              + scope.cluster()
              + ": it passes through by original destination");
    }
  }

  /**
   * Clients of a headless service dial pods: each pod that they can dial has a listener, and what
   * they dialled decides where they get to.
   */
  private void addPods(
      Map<String, ListenerView> tcp, MeshService service, ServicePort port, String cluster) {
    Map<String, String> hosts = new HashMap<>();
    for (HeadlessPods.Pod pod : HeadlessPods.of(service, scope)) {
      hosts.put(pod.cluster() + "/" + pod.label(), pod.hostname());
    }
    Set<String> unreachable = new java.util.TreeSet<>();
    for (Endpoint endpoint : service.endpoints()) {
      Integer target = service.targetPort(endpoint, port).orElse(null);
      if (target == null || endpoint.health() == Health.UNHEALTHY) {
        continue;
      }
      if (!endpoint.network().equals(scope.network())) {
        unreachable.add(endpoint.network());
        continue;
      }
      String host = hosts.get(endpoint.cluster() + "/" + endpoint.hostname());
      String own = host == null ? cluster : ClusterView.name(port.number(), "", host);
      scope
          .families()
          .usable(endpoint.address(), endpoint.otherAddresses())
          .forEach(address -> add(tcp, service, address, target, own));
    }
    if (!unreachable.isEmpty()) {
      notes.add(
          about(service, port.number())
              + " is headless and TCP: its pods in "
              + unreachable
              + " have no address that a client here can dial (expected HTTP, which reaches them by"
              + " name, or a service with a virtual address)");
    }
  }

  private void add(
      Map<String, ListenerView> tcp,
      MeshService service,
      String address,
      int port,
      String cluster) {
    String name = address + "_" + port;
    String source = service.key().toString();
    ListenerView known =
        tcp.putIfAbsent(
            name,
            new ListenerView.OutboundTcp(
                name, ListenAddress.of(address), port, false, cluster, List.of(source)));
    if (known != null && !known.sources().contains(source)) {
      notes.add(about(service, port) + ": " + name + " belongs to " + known.sources());
    }
  }

  private static String about(MeshService service, int port) {
    return "service " + service.key() + " port " + port;
  }

  /** Listeners on the workload's own address; {@code taken} are its inbound ports. */
  List<ListenerView> bound(ProxyNode node, Set<Integer> taken) {
    TreeMap<Integer, ListenerView> byPort = new TreeMap<>();
    List<MeshService> services = context.visible(scope);
    for (MeshService service : services) {
      for (ServicePort port : ports(service)) {
        if (port.protocol().isHttp() && usable(node, service, port, taken)) {
          int number = port.number();
          byPort.putIfAbsent(
              number,
              new ListenerView.OutboundHttp(
                  ListenAddress.of(node).name(number),
                  ListenAddress.of(node),
                  number,
                  true,
                  Integer.toString(number),
                  List.of(service.key().toString())));
        }
      }
    }
    for (MeshService service : services) {
      for (ServicePort port : ports(service)) {
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
                ListenAddress.of(node).name(number),
                ListenAddress.of(node),
                number,
                true,
                ClusterView.name(number, "", service.hostname()),
                List.of(service.key().toString())));
    if (known == null && !HeadlessPods.of(service, scope).isEmpty()) {
      notes.add(
          about(service, number)
              + " is headless and TCP: in interception mode NONE its pods are reached together, not"
              + " each by its name");
    }
    if (known != null) {
      notes.add(
          about(service, number)
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
