package io.portolan.xds.view;

import io.portolan.registry.image.Endpoint;
import io.portolan.registry.image.MeshService;
import io.portolan.registry.image.NetworkGateway;
import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.TrafficPolicy.LocalityLb;
import io.portolan.xds.node.ProxyNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Makes the load assignment of one service port for one scope. Pure.
 *
 * <p>Endpoints of the scope's network are sent as they are. Those of another network become that
 * network's gateways: each gateway once, with its share of the summed weight of the ready endpoints
 * behind it. Those of another network without a mesh proxy become the addresses of their cluster's
 * cloud balancer, where it has one.
 *
 * <p>What is concluded about a cluster acts on its endpoints in the eyes of other clusters. Each
 * treatment includes the milder ones, so that traffic moves once: demoted endpoints come after all
 * others, unhealthy ones are demoted and marked, withdrawn ones are not sent.
 */
final class AssignmentBuilder {
  // After every rank of what is up; among those that are down the order stays.
  static final int DEMOTED = 1000;
  static final AssignmentView.Why UNASKED = new AssignmentView.Why(List.of(), "", "");

  private final MeshService service;
  private final ServicePort port;
  private final ProxyScope scope;
  private final Surroundings around;
  private final boolean explain;
  private final boolean passthrough;
  private final Nearness nearness;
  private final Shares shares;
  private final MeshService.@Nullable Member own;
  private final Map<String, Candidate> candidates = new LinkedHashMap<>();
  private final Map<String, Behind> behindGateways = new TreeMap<>();
  private final Map<String, Behind> behindBalancers = new TreeMap<>();
  private final List<AssignmentView.LeftOut> leftOut = new ArrayList<>();

  AssignmentBuilder(
      MeshService service,
      ServicePort port,
      ProxyScope scope,
      LocalityLb locality,
      Surroundings around,
      boolean passthrough,
      boolean explain) {
    this.service = service;
    this.port = port;
    this.scope = scope;
    this.around = around;
    this.passthrough = passthrough;
    this.explain = explain;
    this.own = service.member(scope.cluster());
    this.nearness = new Nearness(scope, locality, passthrough);
    this.shares = new Shares(nearness);
  }

  AssignmentView build(String cluster, Predicate<Endpoint> chosen) {
    for (Endpoint endpoint : service.endpoints()) {
      if (chosen.test(endpoint)) {
        place(endpoint);
      }
    }
    List<Shared> shared = new ArrayList<>();
    behindGateways.forEach((network, behind) -> addGateways(shared, network, behind));
    behindBalancers.forEach((of, behind) -> addBalancers(shared, of, behind));
    candidates.values().forEach(c -> shares.count(c.rank(), c.pattern(), c.weight()));
    shares.close();
    long scale = 1;
    for (Shared s : shared) {
      scale = AssignmentGroups.lcm(scale, s.count);
    }
    List<Candidate> all = new ArrayList<>();
    for (Candidate c : candidates.values()) {
      long weight = weight(c, Map.of(c.pattern(), c.weight()));
      all.add(c.weighing(weight * scale));
    }
    for (Shared s : shared) {
      all.add(s.candidate.weighing(weight(s.candidate, s.claims) * (scale / s.count)));
    }
    return new AssignmentView(
        cluster, AssignmentGroups.of(all, leftOut), nearness.weighted(), leftOut);
  }

  private long weight(Candidate candidate, Map<Integer, Long> claims) {
    return nearness.weighted() ? shares.weight(candidate.rank(), claims) : candidate.weight();
  }

  /**
   * An address that shares the weight of what is behind it with {@code count - 1} others.
   *
   * @param claims that weight by pattern of {@code distribute}
   */
  private record Shared(Candidate candidate, long count, Map<Integer, Long> claims) {}

  private void place(Endpoint endpoint) {
    Integer target = service.targetPort(endpoint, port).orElse(null);
    if (target == null) {
      leaveOut(endpoint, "has no port for service port " + port.number());
      return;
    }
    String barred = barred(endpoint);
    if (!barred.isEmpty()) {
      leaveOut(endpoint, barred);
      return;
    }
    Nearness.Standing standing = nearness.of(endpoint);
    if (standing.equals(Nearness.Standing.OUT)) {
      leaveOut(endpoint, nearness.refusal(endpoint.locality()));
      return;
    }
    boolean direct = direct(endpoint);
    boolean balanced = !direct && !passthrough && !endpoint.meshTls() && balancer(endpoint) != null;
    if (scope.role() == ProxyNode.Role.PROXYLESS && !balanced && (!direct || endpoint.meshTls())) {
      leaveOut(endpoint, "a gRPC client without a proxy does not speak the mesh's mutual TLS");
    } else if (direct) {
      addDirect(endpoint, target, standing);
    } else if (passthrough) {
      leaveOut(endpoint, "an east-west gateway serves its own network only");
    } else if (balanced) {
      addBehind(endpoint, behindBalancers, endpoint.cluster(), standing);
    } else if (!endpoint.meshTls()) {
      leaveOut(
          endpoint,
          "no proxy in front of it: an east-west gateway passes mutual TLS only, and its service"
              + " has no cloud balancer");
    } else if (around.gateways(endpoint.network(), scope.families()).isEmpty()) {
      leaveOut(
          endpoint,
          endpoint.network().isEmpty()
              ? "its network is not known (expected the label topology.istio.io/network)"
              : "network " + endpoint.network() + " has no gateway that the proxy can dial");
    } else {
      addBehind(endpoint, behindGateways, endpoint.network(), standing);
    }
  }

  /** Why the scope may not use an endpoint, empty when it may. */
  private String barred(Endpoint endpoint) {
    boolean foreign = !endpoint.cluster().equals(scope.cluster());
    if (!scope.networkView().isEmpty()
        && !endpoint.network().isEmpty()
        && !scope.networkView().contains(endpoint.network())) {
      return "network " + endpoint.network() + " is not in the requested network view";
    }
    if (foreign && service.clusterLocal()) {
      return "the service is local to each cluster";
    }
    MeshService.Member member = service.member(endpoint.cluster());
    if (foreign && !passthrough && member != null && !member.exportedTo(scope.namespace())) {
      return "cluster " + endpoint.cluster() + " does not export it to " + scope.namespace();
    }
    boolean nodeLocal =
        (own != null && own.reach().nodeLocal()) || (member != null && member.reach().nodeLocal());
    if (nodeLocal
        && (foreign || endpoint.node().isEmpty() || !endpoint.node().equals(scope.node()))) {
      return "internalTrafficPolicy is Local, and it is not on the node of the proxy";
    }
    ClusterCondition condition = condition(endpoint);
    return condition.treatment() == Treatment.WITHDRAW
        ? "withdrawn: " + described(endpoint.cluster(), condition)
        : "";
  }

  private boolean direct(Endpoint endpoint) {
    return endpoint.network().equals(scope.network())
        // What says nothing is where the proxy is: in its own cluster, and outside the mesh.
        || (endpoint.network().isEmpty()
            && (service.external() || endpoint.cluster().equals(scope.cluster())));
  }

  /** The SNI of the service an endpoint belongs to when that is another one, else empty. */
  static String sniOf(Endpoint.@Nullable Target other, ServicePort port) {
    return other == null
        ? ""
        : ClusterView.sni(
            other.ports().getOrDefault(port.number(), port.number()), "", other.hostname());
  }

  /** What is outside the mesh has no proxy of the mesh in front of it, unless by a gateway. */
  private boolean outside(Endpoint endpoint) {
    return service.external() && endpoint.target() == null;
  }

  /** The condition of an endpoint's cluster as this scope is concerned by it. */
  private ClusterCondition condition(Endpoint endpoint) {
    return outside(endpoint) || endpoint.cluster().equals(scope.cluster())
        ? ClusterCondition.UNWATCHED
        : around.conditions().apply(endpoint.cluster());
  }

  private static String described(String cluster, ClusterCondition condition) {
    String text = "cluster " + cluster + " is " + condition.phase().name().toLowerCase(Locale.ROOT);
    if (!condition.reason().isEmpty()) {
      text += ", " + condition.reason();
    }
    return condition.restored() ? text + ", read from the last-good snapshot" : text;
  }

  /** The reason of a rank, with what is concluded about the cluster when that is worth a word. */
  private static String reason(String near, String cluster, ClusterCondition condition) {
    return switch (condition.treatment()) {
      case KEEP ->
          condition.reason().isEmpty() && !condition.restored()
              ? near
              : near + "; " + described(cluster, condition);
      case DEMOTE -> "demoted: " + described(cluster, condition);
      case UNHEALTHY -> "unhealthy: " + described(cluster, condition);
      case WITHDRAW -> "withdrawn: " + described(cluster, condition);
    };
  }

  private void addDirect(Endpoint endpoint, int target, Nearness.Standing standing) {
    if (passthrough && !endpoint.meshTls()) {
      leaveOut(endpoint, "no proxy in front of it: an east-west gateway passes mutual TLS only");
      return;
    }
    List<String> addresses = scope.families().usable(endpoint.address(), endpoint.otherAddresses());
    if (addresses.isEmpty()) {
      leaveOut(endpoint, "the proxy has no address of its IP family");
      return;
    }
    ClusterCondition condition = condition(endpoint);
    boolean demoted = condition.treatment() != Treatment.KEEP;
    Candidate made =
        new Candidate(
            addresses.getFirst(),
            addresses.subList(1, addresses.size()),
            target,
            standing.rank() + (demoted ? DEMOTED : 0),
            standing.pattern(),
            endpoint.locality(),
            condition.treatment() == Treatment.UNHEALTHY ? Health.UNHEALTHY : endpoint.health(),
            endpoint.weight(),
            endpoint.meshTls() && !outside(endpoint),
            sniOf(endpoint.target(), port),
            workload(endpoint),
            endpoint.cluster().equals(scope.cluster()),
            explain
                ? new AssignmentView.Why(
                    List.of(name(endpoint)),
                    reason(
                        nearness.reason(endpoint.locality(), standing),
                        endpoint.cluster(),
                        condition),
                    "weight " + endpoint.weight() + " of the endpoint itself")
                : UNASKED);
    String key = made.address() + ":" + target;
    Candidate known = candidates.get(key);
    if (known == null || made.beats(known)) {
      candidates.put(key, made);
    }
    if (known != null) {
      leaveOut(
          endpoint,
          made.beats(known)
              ? "its address is there twice: it takes the place of another"
              : "its address is there already");
    }
  }

  private static String workload(Endpoint endpoint) {
    return endpoint.workload().isEmpty()
        ? ""
        : endpoint.workload() + ";" + endpoint.namespace() + ";" + endpoint.cluster();
  }

  private void addBehind(
      Endpoint endpoint, Map<String, Behind> by, String key, Nearness.Standing standing) {
    if (endpoint.health() != Health.HEALTHY) {
      leaveOut(endpoint, "not ready, and only ready endpoints count behind a gateway or balancer");
      return;
    }
    ClusterCondition condition = condition(endpoint);
    String target = sniOf(endpoint.target(), port);
    Behind behind = by.computeIfAbsent(key, k -> new Behind(target));
    if (!behind.target().equals(target)) {
      leaveOut(endpoint, "its gateway stands for " + behind.target() + " here already");
      return;
    }
    Behind.Level level = behind.at(condition.treatment());
    level.add(endpoint, standing);
    if (explain) {
      level.tell(name(endpoint), reason("", endpoint.cluster(), condition));
    }
  }

  private void addGateways(List<Shared> shared, String network, Behind behind) {
    List<NetworkGateway> gateways = around.gateways(network, scope.families());
    Behind.Level level = behind.best();
    // Where endpoints of a better cluster are behind the same gateway, these alone weigh.
    behind.worse().forEach(l -> l.leftOut(leftOut, "behind a gateway that others weigh for: "));
    for (boolean of : List.of(true, false)) {
      List<NetworkGateway> same = gateways.stream().filter(g -> g.up() == of).toList();
      boolean demoted = !of || level.treatment() != Treatment.KEEP;
      if (!same.isEmpty()) {
        shares.count(level.rank(demoted), level.claims());
      }
      for (NetworkGateway gateway : same) {
        String near =
            gateway.up()
                ? "gateway of network "
                    + network
                    + ", "
                    + nearness.reason(level.nearest(), level.standing())
                : "demoted: gateway is down, " + gateway.reason();
        shared.add(
            new Shared(
                level.candidate(
                    gateway.address(),
                    gateway.port(),
                    demoted,
                    true,
                    why(level, near, same.size())),
                same.size(),
                level.claims()));
      }
    }
  }

  private void addBalancers(List<Shared> shared, String cluster, Behind behind) {
    Behind.Level level = behind.best();
    MeshService.Member member = service.member(cluster);
    List<String> addresses =
        member == null
            ? List.of()
            : around.resolved().apply(member.balancers()).stream()
                .filter(scope.families()::has)
                .toList();
    if (member == null || addresses.isEmpty()) {
      level.leftOut(leftOut, "its cloud balancer has no address that the proxy can dial: ");
      return;
    }
    int number =
        member.ports().stream()
            .filter(p -> p.number() == port.number() || p.name().equals(port.name()))
            .min(java.util.Comparator.comparing(p -> p.number() != port.number()))
            .map(ServicePort::number)
            .orElse(port.number());
    String near =
        "cloud balancer of cluster "
            + cluster
            + ", without mutual TLS, "
            + nearness.reason(level.nearest(), level.standing());
    boolean demoted = level.treatment() != Treatment.KEEP;
    shares.count(level.rank(demoted), level.claims());
    for (String address : addresses) {
      shared.add(
          new Shared(
              level.candidate(address, number, demoted, false, why(level, near, addresses.size())),
              addresses.size(),
              level.claims()));
    }
  }

  private AssignmentView.Why why(Behind.Level level, String near, long count) {
    if (!explain) {
      return UNASKED;
    }
    String also = String.join("; ", level.conditions());
    return new AssignmentView.Why(
        level.sources(),
        also.isEmpty() ? near : near + "; " + also,
        "weight "
            + level.weight()
            + " of the ready endpoints behind it, shared by "
            + count
            + " address(es)");
  }

  /** The definition whose cloud balancer stands in front of an endpoint, or null. */
  private MeshService.@Nullable Member balancer(Endpoint endpoint) {
    MeshService.Member member = service.member(endpoint.cluster());
    return member == null || member.balancers().isEmpty() ? null : member;
  }

  private void leaveOut(Endpoint endpoint, String reason) {
    if (explain) {
      leftOut.add(new AssignmentView.LeftOut(name(endpoint), reason));
    }
  }

  private static String name(Endpoint endpoint) {
    return endpoint.address()
        + (endpoint.workload().isEmpty() ? "" : " (" + endpoint.workload() + ")")
        + " from "
        + endpoint.source();
  }
}
