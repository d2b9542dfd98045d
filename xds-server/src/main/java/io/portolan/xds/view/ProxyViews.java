package io.portolan.xds.view;

import io.portolan.registry.image.MeshService;
import io.portolan.registry.model.GatewayObject;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.PortProtocol;
import io.portolan.xds.node.ProxyNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Makes the views of proxies over one context. Pure. */
public final class ProxyViews {
  private final MeshContext context;

  /** Views over one image. */
  public ProxyViews(MeshContext context) {
    this.context = context;
  }

  /**
   * What all proxies of a scope share.
   *
   * @param listeners listeners that do not depend on the proxy's address
   * @param notes what a reader might expect but is not there
   */
  public record Shared(
      List<ServiceViewBuilder.Pair> clusters,
      List<RouteView> routes,
      List<ListenerView> listeners,
      List<String> notes) {
    public Shared {
      clusters = List.copyOf(clusters);
      routes = List.copyOf(routes);
      listeners = List.copyOf(listeners);
      notes = List.copyOf(notes);
    }
  }

  /** What only one proxy has. */
  public record Own(
      List<InboundClusterView> clusters, List<ListenerView> listeners, List<String> notes) {
    public Own {
      clusters = List.copyOf(clusters);
      listeners = List.copyOf(listeners);
      notes = List.copyOf(notes);
    }
  }

  /** The scope of a proxy: its place from the registry where that knows better than the proxy. */
  public ProxyScope scope(ProxyNode node) {
    Workload workload = Workload.of(context, node);
    var place = context.image().placeOf(node.cluster(), node.namespace(), node.name());
    var cluster = context.image().settings().clusters().get(node.cluster());
    Locality locality = place.locality().isUnknown() ? workload.locality() : place.locality();
    if (locality.isUnknown()) {
      locality = node.locality();
    }
    if (locality.isUnknown() && cluster != null) {
      locality = cluster.locality();
    }
    String network = node.network();
    if (network.isEmpty()) {
      network = place.network().isEmpty() ? workload.network() : place.network();
    }
    if (network.isEmpty()) {
      network = context.image().networkOf(node.cluster());
    }
    boolean router = node.role() == ProxyNode.Role.ROUTER;
    return new ProxyScope(
        node.role(),
        node.interception(),
        node.cluster(),
        network,
        node.networkView(),
        node.namespace(),
        locality,
        router
            ? node.labels()
            : context.priorityLabels(place.labels().isEmpty() ? node.labels() : place.labels()),
        context.nodesMatter(node.cluster()) ? place.node() : "",
        IpFamilies.of(node.addresses()));
  }

  /** The shared part of a scope. */
  public Shared shared(ProxyScope scope) {
    return switch (scope.role()) {
      case SIDECAR -> sidecar(scope);
      case ROUTER -> router(scope);
      case PROXYLESS -> proxyless(scope);
    };
  }

  /** The clusters and assignments of one service in a scope, as {@link #shared} holds them. */
  public List<ServiceViewBuilder.Pair> service(ProxyScope scope, MeshService service) {
    ServiceViewBuilder builder = new ServiceViewBuilder(context, scope);
    if (scope.role() == ProxyNode.Role.ROUTER) {
      return new RouterParts(scope).clusters(service, builder);
    }
    return MeshContext.isVisible(service, scope) ? builder.clusters(service) : List.of();
  }

  private Shared sidecar(ProxyScope scope) {
    List<String> notes = new ArrayList<>();
    ServiceViewBuilder builder = new ServiceViewBuilder(context, scope);
    List<ServiceViewBuilder.Pair> clusters = new ArrayList<>();
    for (MeshService service : context.visible(scope)) {
      clusters.addAll(builder.clusters(service));
    }
    List<RouteView> routes = new RouteViewBuilder(context, scope, notes).sidecar();
    List<ListenerView> listeners =
        scope.interception() == ProxyNode.Interception.REDIRECT
            ? new OutboundListeners(context, scope, notes).redirect()
            : List.of();
    return new Shared(clusters, routes, listeners, notes);
  }

  /** For gRPC clients: a listener and a route configuration for each {@code host:port}. */
  private Shared proxyless(ProxyScope scope) {
    ServiceViewBuilder builder = new ServiceViewBuilder(context, scope);
    List<ServiceViewBuilder.Pair> clusters = new ArrayList<>();
    List<RouteView> routes = new ArrayList<>();
    List<ListenerView> listeners = new ArrayList<>();
    for (MeshService service : context.visible(scope)) {
      for (ServiceViewBuilder.Pair pair : builder.clusters(service)) {
        clusters.add(pair);
        ClusterView cluster = pair.cluster();
        String name = cluster.hostname() + ":" + cluster.port();
        if (cluster.subset().isEmpty()) {
          listeners.add(new ListenerView.Api(name, name, cluster.sources()));
          routes.add(
              new RouteView(
                  name,
                  List.of(
                      new RouteView.VirtualHost(
                          name,
                          List.of(name, cluster.hostname()),
                          List.of(
                              new RouteView.Rule(
                                  "default",
                                  List.of(),
                                  List.of(new RouteView.Target(cluster.name(), 100)),
                                  "",
                                  null,
                                  new RouteView.Retry(0, "", null))))),
                  RouteView.CatchAll.NONE,
                  cluster.sources()));
        }
      }
    }
    return new Shared(clusters, routes, listeners, List.of());
  }

  private Shared router(ProxyScope scope) {
    RouterParts parts = new RouterParts(scope);
    ServiceViewBuilder builder = new ServiceViewBuilder(context, scope);
    List<ServiceViewBuilder.Pair> clusters = new ArrayList<>();
    for (MeshService service : context.all()) {
      clusters.addAll(parts.clusters(service, builder));
    }
    return new Shared(clusters, parts.routes(), List.of(), parts.notes);
  }

  /** The own part of a proxy. */
  public Own own(ProxyScope scope, ProxyNode node) {
    if (node.role() == ProxyNode.Role.PROXYLESS) {
      return new Own(List.of(), List.of(), List.of());
    }
    if (node.role() == ProxyNode.Role.ROUTER) {
      return new Own(List.of(), new RouterParts(scope).listeners(node), List.of());
    }
    Workload workload = Workload.of(context, node);
    List<String> notes = new ArrayList<>();
    List<InboundClusterView> clusters = new ArrayList<>();
    List<ListenerView> listeners = new ArrayList<>();
    boolean bound = node.interception() == ProxyNode.Interception.NONE;
    Set<Integer> taken = new HashSet<>();
    for (ListenerView.InboundPort port : workload.ports()) {
      if (port.protocol() == PortProtocol.UDP) {
        continue;
      }
      taken.add(port.port());
      clusters.add(
          new InboundClusterView(
              port.cluster(),
              bound ? node.appAddress() : "",
              scope.families(),
              port.port(),
              port.protocol(),
              List.of(port.source())));
      if (bound) {
        listeners.add(
            new ListenerView.Inbound(
                "inbound_" + ListenAddress.of(node).name(port.port()),
                ListenAddress.of(node),
                port));
      }
    }
    if (bound) {
      listeners.addAll(new OutboundListeners(context, scope, notes).bound(node, taken));
    } else {
      listeners.add(
          new ListenerView.VirtualInbound(ListenAddress.any(scope.families()), workload.ports()));
    }
    return new Own(clusters, listeners, notes);
  }

  /** What the Gateway objects of a router's cluster make of it. */
  private final class RouterParts {
    private final ProxyScope scope;
    private final List<String> notes = new ArrayList<>();
    private final TreeMap<Integer, List<String>> passthrough = new TreeMap<>();
    private final TreeMap<Integer, TreeMap<String, List<String>>> http = new TreeMap<>();
    private final TreeMap<Integer, List<String>> sources = new TreeMap<>();
    private final GatewayL4Builder l4;

    RouterParts(ProxyScope scope) {
      this.scope = scope;
      this.l4 = new GatewayL4Builder(context, scope, notes);
      for (GatewayObject gateway : context.gateways(scope)) {
        gateway.servers().forEach(server -> add(gateway, server));
      }
    }

    private void add(GatewayObject gateway, GatewayObject.Server server) {
      sources.computeIfAbsent(server.port(), p -> new ArrayList<>()).add(gateway.ref().toString());
      if (server.tls() == GatewayObject.TlsMode.AUTO_PASSTHROUGH) {
        passthrough.computeIfAbsent(server.port(), p -> new ArrayList<>()).addAll(server.hosts());
      } else if (server.tls() == GatewayObject.TlsMode.NONE && server.protocol().isHttp()) {
        String name = gateway.ref().namespace() + "/" + gateway.ref().name();
        http.computeIfAbsent(server.port(), p -> new TreeMap<>())
            .merge(
                name,
                server.hosts(),
                (a, b) ->
                    java.util.stream.Stream.concat(a.stream(), b.stream()).distinct().toList());
      } else if (GatewayL4Builder.serves(server)) {
        l4.add(gateway, server);
      } else {
        notes.add(
            gateway.ref()
                + ": server "
                + server.name()
                + " port "
                + server.port()
                + " is not served: protocol "
                + server.protocol()
                + " with TLS mode "
                + server.tls()
                + " (expected HTTP or TCP without TLS, or TLS with PASSTHROUGH or"
                + " AUTO_PASSTHROUGH)");
      }
    }

    List<ServiceViewBuilder.Pair> clusters(MeshService service, ServiceViewBuilder builder) {
      List<ServiceViewBuilder.Pair> found = new ArrayList<>();
      boolean exported =
          passthrough.values().stream()
              .flatMap(List::stream)
              .anyMatch(p -> RouteViewBuilder.covers(p, service.hostname()));
      if (exported && MeshContext.isCarried(service)) {
        found.addAll(builder.passthroughClusters(service));
      }
      if ((!http.isEmpty() || !l4.chains().isEmpty()) && MeshContext.isVisible(service, scope)) {
        Set<String> named = targets();
        builder.clusters(service).stream()
            .filter(pair -> named.contains(pair.cluster().name()))
            .forEach(found::add);
      }
      return found;
    }

    private @org.jspecify.annotations.Nullable Set<String> targets;

    private Set<String> targets() {
      if (targets == null) {
        Set<String> found = new HashSet<>();
        for (RouteView route : routes()) {
          route
              .hosts()
              .forEach(
                  h -> h.rules().forEach(r -> r.targets().forEach(t -> found.add(t.cluster()))));
        }
        l4.chains()
            .values()
            .forEach(all -> all.forEach(c -> c.targets().forEach(t -> found.add(t.cluster()))));
        targets = found;
      }
      return targets;
    }

    List<RouteView> routes() {
      List<RouteView> views = new ArrayList<>();
      http.forEach(
          (port, hosts) ->
              views.add(new RouteViewBuilder(context, scope, notes).gateway(port, hosts)));
      return views;
    }

    List<ListenerView> listeners(ProxyNode node) {
      ListenAddress address =
          node.interception() == ProxyNode.Interception.NONE
              ? ListenAddress.of(node)
              : ListenAddress.any(scope.families());
      List<ListenerView> views = new ArrayList<>();
      Set<Integer> whole = new TreeSet<>(passthrough.keySet());
      whole.addAll(l4.chains().keySet());
      for (int port : whole) {
        views.add(
            new ListenerView.GatewayL4(
                address.name(port),
                address,
                port,
                l4.chains().getOrDefault(port, List.of()),
                passthrough.getOrDefault(port, List.of()).stream()
                    .map(h -> h.substring(h.indexOf('/') + 1))
                    .sorted()
                    .distinct()
                    .toList(),
                sources.getOrDefault(port, List.of())));
      }
      http.forEach(
          (port, hosts) -> {
            if (!whole.contains(port)) {
              views.add(
                  new ListenerView.GatewayHttp(
                      address.name(port),
                      address,
                      port,
                      "http." + port,
                      sources.getOrDefault(port, List.of())));
            }
          });
      return views;
    }
  }
}
