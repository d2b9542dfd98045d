package io.portolan.xds.view;

import io.portolan.registry.image.MeshService;
import io.portolan.registry.image.ServiceKey;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.VirtualServiceObject;
import io.portolan.registry.model.VirtualServiceObject.Destination;
import io.portolan.registry.model.VirtualServiceObject.HttpRoute;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Makes the route configurations of one scope. Pure. */
final class RouteViewBuilder {
  private final MeshContext context;
  private final ProxyScope scope;
  private final List<String> notes;
  private final Map<ServiceKey, List<MeshService>> aliases = new TreeMap<>();

  RouteViewBuilder(MeshContext context, ProxyScope scope, List<String> notes) {
    this.context = context;
    this.scope = scope;
    this.notes = notes;
  }

  /** One route configuration per HTTP port number, named by the number. */
  List<RouteView> sidecar() {
    Map<Integer, List<MeshService>> byPort = new TreeMap<>();
    for (MeshService service : context.visible(scope)) {
      Optional<MeshService> alias = context.aliased(service, scope);
      alias.ifPresent(
          target -> aliases.computeIfAbsent(target.key(), k -> new ArrayList<>()).add(service));
      for (ServicePort port : service.portsFor(scope.cluster())) {
        if (alias.isEmpty() && port.protocol().isHttp()) {
          byPort.computeIfAbsent(port.number(), p -> new ArrayList<>()).add(service);
        }
      }
    }
    List<VirtualServiceObject> rules = context.virtualServices("mesh", scope);
    RouteView.CatchAll catchAll =
        context.image().settings().registryOnly()
            ? RouteView.CatchAll.BLOCK_ALL
            : scope.interception() == io.portolan.xds.node.ProxyNode.Interception.NONE
                ? RouteView.CatchAll.NONE
                : RouteView.CatchAll.ALLOW_ANY;
    List<RouteView> views = new ArrayList<>();
    byPort.forEach((port, services) -> views.add(sidecarPort(port, services, rules, catchAll)));
    return views;
  }

  private RouteView sidecarPort(
      int port,
      List<MeshService> services,
      List<VirtualServiceObject> rules,
      RouteView.CatchAll catchAll) {
    Set<String> taken = new HashSet<>();
    List<RouteView.VirtualHost> hosts = new ArrayList<>();
    List<String> sources = new ArrayList<>();
    List<MeshService> ordered =
        services.stream()
            .sorted(
                java.util.Comparator.comparing(
                        (MeshService s) -> !s.key().namespace().equals(scope.namespace()))
                    .thenComparing(MeshService::key))
            .toList();
    for (MeshService service : ordered) {
      List<String> domains = domains(service).stream().filter(taken::add).toList();
      if (domains.isEmpty()) {
        notes.add(
            "service "
                + service.key()
                + " port "
                + port
                + " has no route: its names belong to another service");
        continue;
      }
      VirtualServiceObject rule = ruleFor(service.hostname(), rules);
      List<RouteView.Rule> routes =
          rule == null || rule.http().isEmpty()
              ? List.of(to(service.hostname(), port))
              : rules(rule, port);
      if (rule != null) {
        sources.add(rule.ref().toString());
      }
      hosts.add(new RouteView.VirtualHost(service.hostname() + ":" + port, domains, routes));
      addPods(hosts, service, port, taken);
    }
    hosts.sort(java.util.Comparator.comparing(RouteView.VirtualHost::name));
    return new RouteView(Integer.toString(port), hosts, catchAll, sources);
  }

  /** Routes of a gateway port: the VirtualServices bound to any of the gateway names. */
  RouteView gateway(int port, Map<String, List<String>> hostsByGateway) {
    Set<String> taken = new HashSet<>();
    List<RouteView.VirtualHost> hosts = new ArrayList<>();
    List<String> sources = new ArrayList<>();
    hostsByGateway.forEach(
        (gateway, allowed) -> {
          for (VirtualServiceObject rule : context.virtualServices(gateway, scope)) {
            List<String> domains =
                rule.hosts().stream()
                    .filter(h -> allowed.stream().anyMatch(a -> covers(a, h)))
                    .filter(taken::add)
                    .toList();
            if (!domains.isEmpty()) {
              hosts.add(
                  new RouteView.VirtualHost(
                      domains.getFirst() + ":" + port, domains, rules(rule, 0)));
              sources.add(rule.ref().toString());
            }
          }
        });
    hosts.sort(java.util.Comparator.comparing(RouteView.VirtualHost::name));
    return new RouteView("http." + port, hosts, RouteView.CatchAll.NONE, sources);
  }

  /**
   * Whether a server's host pattern ({@code [namespace/]host}, {@code *.x} or {@code *}) covers it.
   */
  static boolean covers(String pattern, String host) {
    int slash = pattern.indexOf('/');
    String own = slash < 0 ? pattern : pattern.substring(slash + 1);
    return own.equals("*")
        || own.equals(host)
        || (own.startsWith("*.") && host.endsWith(own.substring(1)));
  }

  private static @org.jspecify.annotations.Nullable VirtualServiceObject ruleFor(
      String host, List<VirtualServiceObject> rules) {
    for (VirtualServiceObject rule : rules) {
      if (rule.hosts().contains(host)) {
        return rule;
      }
    }
    for (VirtualServiceObject rule : rules) {
      if (rule.hosts().stream().anyMatch(h -> covers(h, host))) {
        return rule;
      }
    }
    return null;
  }

  private RouteView.Rule to(String host, int port) {
    return new RouteView.Rule(
        "default",
        List.of(),
        List.of(new RouteView.Target(ClusterView.name(port, "", host), 100)),
        "",
        null,
        defaultRetry());
  }

  private RouteView.Retry defaultRetry() {
    var retries = context.image().settings().defaultRetries();
    return retries == null ? RouteView.Retry.DEFAULT : retry(retries);
  }

  private static RouteView.Retry retry(VirtualServiceObject.Retries retries) {
    return new RouteView.Retry(
        retries.attempts(),
        retries.retryOn().isEmpty() ? RouteView.Retry.DEFAULT.retryOn() : retries.retryOn(),
        retries.perTryTimeout());
  }

  private List<RouteView.Rule> rules(VirtualServiceObject rule, int defaultPort) {
    List<RouteView.Rule> made = new ArrayList<>();
    for (HttpRoute route : rule.http()) {
      List<RouteView.Target> targets = targets(rule, route.destinations(), defaultPort);
      made.add(
          new RouteView.Rule(
              route.name(),
              route.matches(),
              targets,
              route.rewritePrefix(),
              route.timeout(),
              route.retries() == null ? defaultRetry() : retry(route.retries())));
    }
    return made;
  }

  /** The destinations that exist; the others are noted. */
  List<RouteView.Target> targets(
      VirtualServiceObject rule, List<Destination> destinations, int defaultPort) {
    List<RouteView.Target> targets = new ArrayList<>();
    for (Destination destination : destinations) {
      target(destination, defaultPort)
          .ifPresentOrElse(
              targets::add,
              () ->
                  notes.add(
                      rule.ref()
                          + ": destination "
                          + destination.host()
                          + (destination.subset().isEmpty() ? "" : "/" + destination.subset())
                          + " does not exist"));
    }
    return targets;
  }

  private Optional<RouteView.Target> target(Destination destination, int defaultPort) {
    MeshService named = context.byHost(destination.host(), scope).orElse(null);
    if (named == null) {
      return Optional.empty();
    }
    MeshService service = context.aliased(named, scope).orElse(named);
    List<ServicePort> ports = service.portsFor(scope.cluster());
    int wanted = destination.port() > 0 ? destination.port() : defaultPort;
    int port =
        ports.size() == 1 && destination.port() == 0
            ? ports.getFirst().number()
            : ports.stream()
                .mapToInt(ServicePort::number)
                .filter(n -> n == wanted)
                .findFirst()
                .orElse(0);
    if (port == 0 || !subsetExists(service, destination.subset())) {
      return Optional.empty();
    }
    return Optional.of(
        new RouteView.Target(
            ClusterView.name(port, destination.subset(), service.hostname()),
            destination.weight()));
  }

  private boolean subsetExists(MeshService service, String subset) {
    if (subset.isEmpty()) {
      return true;
    }
    var rule = context.rule(service, scope);
    return rule != null && rule.subsets().stream().anyMatch(s -> s.name().equals(subset));
  }

  /** A virtual host for each named pod of a headless service. */
  private void addPods(
      List<RouteView.VirtualHost> hosts, MeshService service, int port, Set<String> taken) {
    for (HeadlessPods.Pod pod : HeadlessPods.of(service, scope)) {
      List<String> domains = names(pod.hostname(), service).stream().filter(taken::add).toList();
      if (!domains.isEmpty()) {
        hosts.add(
            new RouteView.VirtualHost(
                pod.hostname() + ":" + port, domains, List.of(to(pod.hostname(), port))));
      }
    }
  }

  /** The host, its short forms, its aliases, and the virtual addresses the scope listens on. */
  private List<String> domains(MeshService service) {
    List<String> domains = new ArrayList<>(names(service.hostname(), service));
    if (service.headless()) {
      domains.add("*." + service.hostname());
    }
    for (MeshService alias : aliases.getOrDefault(service.key(), List.of())) {
      domains.addAll(names(alias.hostname(), alias));
    }
    for (String address : context.virtualAddresses(service, scope)) {
      domains.add(address.indexOf(':') >= 0 ? "[" + address + "]" : address);
    }
    return domains.stream().distinct().toList();
  }

  /** A host of a service or of one of its pods, with the short forms that resolve to it. */
  private List<String> names(String host, MeshService service) {
    List<String> names = new ArrayList<>();
    names.add(host);
    String namespace = service.key().namespace();
    String suffix = "." + namespace + ".svc." + context.image().settings().domain();
    if (host.endsWith(suffix)) {
      String name = host.substring(0, host.length() - suffix.length());
      names.add(name + "." + namespace + ".svc");
      names.add(name + "." + namespace);
      if (namespace.equals(scope.namespace())) {
        names.add(name);
      }
    }
    return names;
  }
}
