package io.portolan.xds.view;

import io.portolan.registry.image.Endpoint;
import io.portolan.registry.image.MeshService;
import io.portolan.registry.model.DestinationRuleObject;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.ServiceReach.Distribution;
import io.portolan.registry.model.TrafficPolicy;
import io.portolan.xds.node.ProxyNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Makes the clusters and load assignments of one service for one scope. Pure. */
public final class ServiceViewBuilder {
  private final MeshContext context;
  private final ProxyScope scope;
  private final Surroundings surroundings;

  /** Views of one scope over one image. */
  public ServiceViewBuilder(MeshContext context, ProxyScope scope) {
    this.context = context;
    this.scope = scope;
    this.surroundings = Surroundings.of(context.image());
  }

  /**
   * A cluster with its assignment; the assignment is null for clusters that resolve by themselves.
   */
  public record Pair(ClusterView cluster, @Nullable AssignmentView assignment) {
    /** The hosts, wherever they are sent; null when the caller chooses. */
    public @Nullable AssignmentView hosts() {
      return assignment == null ? cluster.hosts() : assignment;
    }
  }

  /** The clusters of every TCP port and subset. */
  public List<Pair> clusters(MeshService service) {
    return clusters(service, false, false);
  }

  /** The clusters an east-west gateway passes TLS through to; none without local endpoints. */
  public List<Pair> passthroughClusters(MeshService service) {
    return clusters(service, true, false);
  }

  /** The same as {@link #clusters}, with a reason for every host; for people. */
  public List<Pair> explain(MeshService service, boolean passthrough) {
    return clusters(service, passthrough, true);
  }

  private List<Pair> clusters(MeshService service, boolean passthrough, boolean explain) {
    if (context.aliased(service, scope).isPresent()) {
      return List.of();
    }
    DestinationRuleObject rule = context.rule(service, scope);
    TrafficPolicy base = rule == null ? TrafficPolicy.NONE : rule.policy();
    List<Pair> pairs = new ArrayList<>();
    for (ServicePort port : service.portsFor(scope.cluster())) {
      if (port.protocol() == PortProtocol.UDP) {
        continue;
      }
      Making making = new Making(service, port, rule, passthrough, explain);
      addIfUseful(pairs, making, "", base, service.hostname(), e -> true);
      if (rule != null) {
        for (DestinationRuleObject.Subset subset : rule.subsets()) {
          addIfUseful(
              pairs,
              making,
              subset.name(),
              subset.policy().over(base),
              service.hostname(),
              e -> Subsets.matches(subset.labels(), e));
        }
      }
      for (HeadlessPods.Pod pod : HeadlessPods.of(service, scope)) {
        addIfUseful(pairs, making, "", base, pod.hostname(), pod::is);
      }
    }
    return pairs;
  }

  /** What all clusters of one service port share. */
  private record Making(
      MeshService service,
      ServicePort port,
      @Nullable DestinationRuleObject rule,
      boolean passthrough,
      boolean explain) {}

  private void addIfUseful(
      List<Pair> pairs,
      Making making,
      String subset,
      TrafficPolicy policy,
      String hostname,
      Predicate<Endpoint> chosen) {
    MeshService service = making.service();
    ServicePort port = making.port();
    boolean passthrough = making.passthrough();
    String name =
        passthrough
            ? ClusterView.sni(port.number(), subset, hostname)
            : ClusterView.name(port.number(), subset, hostname);
    AssignmentView assignment =
        service.resolution() == Resolution.NONE
            ? null
            : new AssignmentBuilder(
                    service,
                    port,
                    scope,
                    locality(service, policy),
                    surroundings,
                    passthrough,
                    making.explain())
                .build(name, chosen);
    if (passthrough && (assignment == null || assignment.groups().isEmpty())) {
      return;
    }
    List<String> sources = new ArrayList<>();
    service.members().forEach(m -> sources.add(m.ref().toString()));
    if (making.rule() != null) {
      sources.add(making.rule().ref().toString());
    }
    Resolution resolution = resolution(service, assignment);
    boolean eds = resolution == Resolution.STATIC;
    boolean meshTls =
        !service.external()
            || (assignment != null && assignment.hosts().anyMatch(AssignmentView.Host::meshTls));
    ClusterView cluster =
        new ClusterView(
            name,
            hostname,
            port.number(),
            subset,
            port.protocol(),
            !passthrough && http2(service, port),
            resolution,
            eds ? null : assignment,
            scope.families(),
            assignment != null && assignment.weighted(),
            spoken(policy),
            connectTimeout(policy),
            meshTls && scope.role() != ProxyNode.Role.PROXYLESS,
            passthrough,
            passthrough ? List.of() : identities(service, e -> e.target() == null),
            passthrough || assignment == null ? List.of() : targets(service, port, assignment),
            sources);
    pairs.add(new Pair(cluster, eds ? assignment : null));
  }

  /** gRPC clients know round robin for certain; the other algorithms they may refuse. */
  private TrafficPolicy spoken(TrafficPolicy policy) {
    return scope.role() == ProxyNode.Role.PROXYLESS
        ? new TrafficPolicy(
            new TrafficPolicy.LoadBalancer(TrafficPolicy.Algorithm.ROUND_ROBIN, null),
            policy.connectionPool(),
            policy.outlierDetection(),
            null)
        : policy;
  }

  /** A DNS service has nothing to resolve where all its hosts are known by address. */
  private static Resolution resolution(MeshService service, @Nullable AssignmentView assignment) {
    return assignment != null && assignment.hosts().allMatch(AssignmentView.Host::isLiteral)
        ? Resolution.STATIC
        : service.resolution();
  }

  /**
   * The rule's setting, else what the service itself prefers in the scope's cluster, else the
   * mesh's. Source: Istio's order of the three.
   */
  private TrafficPolicy.LocalityLb locality(MeshService service, TrafficPolicy policy) {
    TrafficPolicy.LoadBalancer balancer = policy.loadBalancer();
    if (balancer != null && balancer.locality() != null) {
      return balancer.locality();
    }
    MeshService.Member own = service.member(scope.cluster());
    return switch (own == null ? Distribution.UNSET : own.reach().distribution()) {
      case UNSET -> context.image().settings().localityLb();
      case SAME_ZONE -> Nearness.SAME_ZONE;
      case SAME_NODE -> Nearness.SAME_NODE;
    };
  }

  private Duration connectTimeout(TrafficPolicy policy) {
    TrafficPolicy.ConnectionPool pool = policy.connectionPool();
    if (pool != null && pool.connectTimeout() != null) {
      return pool.connectTimeout();
    }
    return context.image().settings().connectTimeout();
  }

  /** HTTP/1 ports are spoken to in HTTP/2 when every endpoint has a mesh proxy in front of it. */
  private static boolean http2(MeshService service, ServicePort port) {
    if (port.protocol().isHttp2()) {
      return true;
    }
    return port.protocol() == PortProtocol.HTTP
        && !service.endpoints().isEmpty()
        && service.endpoints().stream()
            .allMatch(e -> e.meshTls() && (!service.external() || e.target() != null));
  }

  private List<String> identities(MeshService service, Predicate<Endpoint> of) {
    if (!service.subjectAltNames().isEmpty()) {
      return service.subjectAltNames().stream().sorted().distinct().toList();
    }
    MeshSettings settings = context.image().settings();
    List<Endpoint> secured =
        service.endpoints().stream().filter(Endpoint::meshTls).filter(of).toList();
    if (secured.stream().anyMatch(e -> e.serviceAccount().isEmpty())) {
      return List.of();
    }
    return secured.stream()
        .map(
            e ->
                "spiffe://"
                    + settings.trustDomainOf(e.cluster())
                    + "/ns/"
                    + e.namespace()
                    + "/sa/"
                    + e.serviceAccount())
        .sorted()
        .distinct()
        .toList();
  }

  /** The other services that hosts of an assignment belong to, in order of SNI. */
  private List<ClusterView.Target> targets(
      MeshService service, ServicePort port, AssignmentView assignment) {
    return assignment
        .hosts()
        .map(AssignmentView.Host::target)
        .filter(sni -> !sni.isEmpty())
        .distinct()
        .sorted()
        .map(
            sni ->
                new ClusterView.Target(
                    sni,
                    identities(
                        service, e -> AssignmentBuilder.sniOf(e.target(), port).equals(sni))))
        .toList();
  }
}
