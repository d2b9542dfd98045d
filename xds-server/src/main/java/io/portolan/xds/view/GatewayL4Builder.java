package io.portolan.xds.view;

import io.portolan.registry.model.GatewayObject;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.VirtualServiceObject;
import io.portolan.registry.model.VirtualServiceObject.L4Match;
import io.portolan.registry.model.VirtualServiceObject.L4Route;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What gateway servers do with whole connections: TLS with mode PASSTHROUGH by the {@code tls}
 * routes of VirtualServices, TCP by their {@code tcp} routes. A server without a route that fits
 * has no chain, and a port without chains no listener, as with Istio. Pure.
 */
final class GatewayL4Builder {
  private final MeshContext context;
  private final ProxyScope scope;
  private final RouteViewBuilder routes;
  private final List<String> notes;
  private final TreeMap<Integer, List<ListenerView.L4Chain>> chains = new TreeMap<>();
  private final Map<Integer, Set<String>> taken = new HashMap<>();

  GatewayL4Builder(MeshContext context, ProxyScope scope, List<String> notes) {
    this.context = context;
    this.scope = scope;
    this.routes = new RouteViewBuilder(context, scope, notes);
    this.notes = notes;
  }

  /** Whether a server takes whole connections that VirtualServices route. */
  static boolean serves(GatewayObject.Server server) {
    return switch (server.tls()) {
      case PASSTHROUGH -> isTls(server.protocol());
      case NONE ->
          !server.protocol().isHttp()
              && !isTls(server.protocol())
              && server.protocol() != PortProtocol.UDP;
      case SIMPLE, MUTUAL, ISTIO_MUTUAL, AUTO_PASSTHROUGH -> false;
    };
  }

  private static boolean isTls(PortProtocol protocol) {
    return protocol == PortProtocol.TLS || protocol == PortProtocol.HTTPS;
  }

  void add(GatewayObject gateway, GatewayObject.Server server) {
    boolean tls = server.tls() == GatewayObject.TlsMode.PASSTHROUGH;
    String name = gateway.ref().namespace() + "/" + gateway.ref().name();
    int before = chains.getOrDefault(server.port(), List.of()).size();
    for (VirtualServiceObject rule : context.virtualServices(name, scope)) {
      if (rule.hosts().stream().anyMatch(h -> meets(server.hosts(), h))) {
        for (L4Route route : tls ? rule.tls() : rule.tcp()) {
          add(server, name, rule, route, tls);
        }
      }
    }
    if (chains.getOrDefault(server.port(), List.of()).size() == before) {
      notes.add(
          gateway.ref()
              + ": server "
              + server.name()
              + " port "
              + server.port()
              + " has no route (expected a VirtualService with gateways: ["
              + name
              + "] and "
              + (tls ? "tls" : "tcp")
              + " routes)");
    }
  }

  private void add(
      GatewayObject.Server server,
      String gateway,
      VirtualServiceObject rule,
      L4Route route,
      boolean tls) {
    List<L4Match> fitting =
        route.matches().stream()
            .filter(m -> m.port() == 0 || m.port() == server.port())
            .filter(m -> m.gateways().isEmpty() || m.gateways().contains(gateway))
            .toList();
    if (fitting.isEmpty() && !route.matches().isEmpty()) {
      return;
    }
    List<RouteView.Target> targets =
        routes.targets(rule, route.destinations(), 0).stream().filter(t -> t.weight() > 0).toList();
    if (targets.isEmpty()) {
      return;
    }
    List<ListenerView.L4Chain> own = chains.computeIfAbsent(server.port(), p -> new ArrayList<>());
    if (!tls) {
      // Envoy takes one chain without conditions, and the first route wins.
      if (own.isEmpty()) {
        own.add(new ListenerView.L4Chain(false, List.of(), targets));
      } else {
        notes.add(rule.ref() + ": tcp route unused, port " + server.port() + " is routed already");
      }
      return;
    }
    List<String> names = new ArrayList<>();
    for (L4Match match : fitting) {
      for (String name : match.sniHosts()) {
        narrowed(server.hosts(), name).stream()
            .filter(n -> isFree(server.port(), n, rule))
            .forEach(names::add);
      }
    }
    if (own.stream().anyMatch(c -> !c.tls())) {
      notes.add(rule.ref() + ": tls route unused, port " + server.port() + " is a TCP port");
    } else if (!names.isEmpty()) {
      boolean any = names.contains("*");
      // Beside "*" the other names of the same chain say nothing.
      own.add(new ListenerView.L4Chain(true, any ? List.of() : names, targets));
    }
  }

  private boolean isFree(int port, String name, VirtualServiceObject rule) {
    boolean free = taken.computeIfAbsent(port, p -> new HashSet<>()).add(name);
    if (!free) {
      notes.add(rule.ref() + ": server name " + name + " of port " + port + " is routed already");
    }
    return free;
  }

  /** The part of a server name that the server's hosts cover. */
  private static List<String> narrowed(List<String> hosts, String name) {
    if (hosts.stream().anyMatch(h -> RouteViewBuilder.covers(h, name))) {
      return List.of(name);
    }
    return hosts.stream()
        .map(h -> h.substring(h.indexOf('/') + 1))
        .filter(h -> RouteViewBuilder.covers(name, h))
        .toList();
  }

  private static boolean meets(List<String> hosts, String host) {
    return !narrowed(hosts, host).isEmpty();
  }

  /** The chains by port; no port without a chain. */
  Map<Integer, List<ListenerView.L4Chain>> chains() {
    return chains;
  }
}
