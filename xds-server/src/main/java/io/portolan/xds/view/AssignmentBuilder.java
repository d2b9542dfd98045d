package io.portolan.xds.view;

import io.portolan.registry.image.Endpoint;
import io.portolan.registry.image.MeshService;
import io.portolan.registry.image.NetworkGateway;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.TrafficPolicy.LocalityLb;
import io.portolan.xds.node.ProxyNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes the load assignment of one service port for one scope. Pure.
 *
 * <p>Endpoints of the scope's network are sent as they are. Those of another network become that
 * network's gateways: each gateway once, with its share of the summed weight of the ready endpoints
 * behind it.
 */
final class AssignmentBuilder {
  // After every rank of a gateway that is up; among those that are down the order stays.
  private static final int DEMOTED = 10;
  private static final AssignmentView.Why UNASKED = new AssignmentView.Why(List.of(), "", "");

  private final MeshService service;
  private final ServicePort port;
  private final ProxyScope scope;
  private final LocalityLb locality;
  private final boolean explain;
  private final boolean passthrough;
  private final Map<String, Candidate> candidates = new LinkedHashMap<>();
  private final Map<String, Behind> remote = new TreeMap<>();
  private final List<AssignmentView.LeftOut> leftOut = new ArrayList<>();

  private record Candidate(
      String address,
      int port,
      int rank,
      Locality locality,
      Health health,
      long weight,
      boolean meshTls,
      String workload,
      AssignmentView.Why why) {}

  /** What is behind the gateways of one network. */
  private static final class Behind {
    long weight;
    final Map<Locality, Long> byLocality = new TreeMap<>();
    final List<String> sources = new ArrayList<>();
  }

  AssignmentBuilder(
      MeshService service,
      ServicePort port,
      ProxyScope scope,
      LocalityLb locality,
      boolean passthrough,
      boolean explain) {
    this.service = service;
    this.port = port;
    this.scope = scope;
    this.locality = locality;
    this.passthrough = passthrough;
    this.explain = explain;
  }

  AssignmentView build(
      String cluster, Map<String, String> subset, Map<String, List<NetworkGateway>> gateways) {
    for (Endpoint endpoint : service.endpoints()) {
      if (endpoint.labels().entrySet().containsAll(subset.entrySet())) {
        place(endpoint, gateways);
      }
    }
    long scale = 1;
    for (String network : remote.keySet()) {
      for (int count : gatewayCounts(gateways.getOrDefault(network, List.of()))) {
        scale = lcm(scale, count);
      }
    }
    List<Candidate> all = new ArrayList<>();
    for (Candidate c : candidates.values()) {
      all.add(
          new Candidate(
              c.address,
              c.port,
              c.rank,
              c.locality,
              c.health,
              c.weight * scale,
              c.meshTls,
              c.workload,
              c.why));
    }
    for (var entry : remote.entrySet()) {
      addGateways(all, entry.getValue(), gateways.getOrDefault(entry.getKey(), List.of()), scale);
    }
    return new AssignmentView(cluster, groups(all), leftOut);
  }

  private void place(Endpoint endpoint, Map<String, List<NetworkGateway>> gateways) {
    Integer target = service.targetPort(endpoint, port).orElse(null);
    if (target == null) {
      leaveOut(endpoint, "has no port for service port " + port.number());
      return;
    }
    if (!scope.networkView().isEmpty()
        && !endpoint.network().isEmpty()
        && !scope.networkView().contains(endpoint.network())) {
      leaveOut(endpoint, "network " + endpoint.network() + " is not in the requested network view");
      return;
    }
    boolean direct =
        service.external()
            || endpoint.network().isEmpty()
            || scope.network().isEmpty()
            || endpoint.network().equals(scope.network());
    if (scope.role() == ProxyNode.Role.PROXYLESS && (!direct || endpoint.meshTls())) {
      leaveOut(endpoint, "a gRPC client without a proxy does not speak the mesh's mutual TLS");
    } else if (direct) {
      addDirect(endpoint, target);
    } else if (passthrough) {
      leaveOut(endpoint, "an east-west gateway serves its own network only");
    } else if (!endpoint.meshTls()) {
      leaveOut(endpoint, "no proxy in front of it: an east-west gateway passes mutual TLS only");
    } else if (gateways.getOrDefault(endpoint.network(), List.of()).isEmpty()) {
      leaveOut(endpoint, "network " + endpoint.network() + " has no gateway");
    } else if (endpoint.health() != Health.HEALTHY) {
      leaveOut(endpoint, "not ready, and only ready endpoints count behind a gateway");
    } else {
      Behind behind = remote.computeIfAbsent(endpoint.network(), n -> new Behind());
      behind.weight += endpoint.weight();
      behind.byLocality.merge(endpoint.locality(), (long) endpoint.weight(), Long::sum);
      if (explain) {
        behind.sources.add(name(endpoint));
      }
    }
  }

  private void addDirect(Endpoint endpoint, int target) {
    if (passthrough && !endpoint.meshTls()) {
      leaveOut(endpoint, "no proxy in front of it: an east-west gateway passes mutual TLS only");
      return;
    }
    int rank = passthrough ? 0 : rank(endpoint.locality());
    String key = endpoint.address() + ":" + target;
    Candidate known = candidates.get(key);
    if (known != null && !(known.health != Health.HEALTHY && endpoint.health() == Health.HEALTHY)) {
      leaveOut(endpoint, "its address is there already");
      return;
    }
    AssignmentView.Why why =
        explain
            ? new AssignmentView.Why(
                List.of(name(endpoint)),
                reason(endpoint.locality(), rank),
                "weight " + endpoint.weight() + " of the endpoint itself")
            : UNASKED;
    candidates.put(
        key,
        new Candidate(
            endpoint.address(),
            target,
            rank,
            endpoint.locality(),
            endpoint.health(),
            endpoint.weight(),
            endpoint.meshTls(),
            workload(endpoint),
            why));
  }

  private static String workload(Endpoint endpoint) {
    return endpoint.workload().isEmpty()
        ? ""
        : endpoint.workload() + ";" + endpoint.namespace() + ";" + endpoint.cluster();
  }

  private void addGateways(
      List<Candidate> all, Behind behind, List<NetworkGateway> gateways, long scale) {
    Locality nearest =
        behind.byLocality.entrySet().stream()
            .min(
                Comparator.<Map.Entry<Locality, Long>>comparingInt(e -> rank(e.getKey()))
                    .thenComparing(Map.Entry::getValue, Comparator.reverseOrder())
                    .thenComparing(Map.Entry::getKey))
            .map(Map.Entry::getKey)
            .orElse(Locality.UNKNOWN);
    int[] counts = gatewayCounts(gateways);
    for (NetworkGateway gateway : gateways) {
      if (!Literal.isAddress(gateway.address())) {
        leftOut.add(
            new AssignmentView.LeftOut(
                "gateway " + gateway.address() + " of network " + gateway.network(),
                "its address is a host name (expected an IP address)"));
        continue;
      }
      int count = gateway.up() ? counts[0] : counts[1];
      long weight = behind.weight * scale / count;
      int rank = rank(nearest) + (gateway.up() ? 0 : DEMOTED);
      AssignmentView.Why why =
          explain
              ? new AssignmentView.Why(
                  behind.sources,
                  gateway.up()
                      ? "gateway of network " + gateway.network() + ", " + reason(nearest, rank)
                      : "demoted: gateway is down, " + gateway.reason(),
                  "weight "
                      + behind.weight
                      + " of the ready endpoints behind it, shared by "
                      + count
                      + " gateway(s)")
              : UNASKED;
      all.add(
          new Candidate(
              gateway.address(),
              gateway.port(),
              rank,
              nearest,
              Health.HEALTHY,
              weight,
              true,
              "",
              why));
    }
  }

  /** Gateways up and gateways down; at least 1 each, so that they can divide. */
  private static int[] gatewayCounts(List<NetworkGateway> gateways) {
    int up = 0;
    int down = 0;
    for (NetworkGateway gateway : gateways) {
      if (Literal.isAddress(gateway.address())) {
        up += gateway.up() ? 1 : 0;
        down += gateway.up() ? 0 : 1;
      }
    }
    return new int[] {Math.max(1, up), Math.max(1, down)};
  }

  private List<AssignmentView.Group> groups(List<Candidate> all) {
    long divisor = 0;
    long largest = 1;
    for (Candidate c : all) {
      divisor = gcd(divisor, c.weight);
      largest = Math.max(largest, c.weight);
    }
    divisor = Math.max(1, divisor);
    // Envoy sums the weights of a locality in 32 bits.
    long ceiling = Math.max(1, Integer.MAX_VALUE / Math.max(1, all.size()));
    double shrink = Math.min(1.0, (double) ceiling * divisor / largest);
    Map<Integer, Integer> priorities = new HashMap<>();
    all.stream()
        .mapToInt(Candidate::rank)
        .distinct()
        .sorted()
        .forEach(rank -> priorities.put(rank, priorities.size()));
    Map<Integer, Map<Locality, List<AssignmentView.Host>>> grouped = new TreeMap<>();
    List<Candidate> ordered =
        all.stream()
            .sorted(Comparator.comparing(Candidate::address).thenComparingInt(Candidate::port))
            .toList();
    String last = "";
    for (Candidate c : ordered) {
      String key = c.address + ":" + c.port;
      if (key.equals(last)) {
        leftOut.add(new AssignmentView.LeftOut(key, "its address is there already"));
        continue;
      }
      last = key;
      int weight = (int) Math.max(1, Math.round((double) c.weight / divisor * shrink));
      grouped
          .computeIfAbsent(priorities.get(c.rank), p -> new TreeMap<>())
          .computeIfAbsent(c.locality, l -> new ArrayList<>())
          .add(
              new AssignmentView.Host(
                  c.address, c.port, c.health, weight, c.meshTls, c.workload, c.why));
    }
    List<AssignmentView.Group> groups = new ArrayList<>();
    grouped.forEach(
        (priority, localities) ->
            localities.forEach(
                (where, hosts) -> groups.add(new AssignmentView.Group(where, priority, hosts))));
    return groups;
  }

  /** 0 same zone, 1 same region, 2 the region's failover target, 3 the rest. */
  private int rank(Locality where) {
    Locality own = scope.locality();
    if (!locality.enabled() || own.isUnknown()) {
      return 0;
    }
    if (own.region().equals(where.region())) {
      return own.zone().equals(where.zone()) || own.zone().isEmpty() ? 0 : 1;
    }
    return where.region().equals(locality.failover().get(own.region())) ? 2 : 3;
  }

  private String reason(Locality where, int rank) {
    if (passthrough) {
      return "an east-west gateway spreads evenly";
    }
    if (!locality.enabled() || scope.locality().isUnknown()) {
      return locality.enabled()
          ? "the proxy's locality is unknown"
          : "locality load balancing is off";
    }
    return switch (rank) {
      case 0 -> "same zone as the proxy, " + scope.locality();
      case 1 -> where + " is in the region of the proxy, " + scope.locality();
      case 2 -> where + " is the failover region of " + scope.locality().region();
      default -> where + " is in another region than the proxy, " + scope.locality();
    };
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

  private static long lcm(long a, long b) {
    return a / gcd(a, b) * b;
  }

  private static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }
}
