package io.portolan.xds.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.image.Endpoint;
import io.portolan.registry.image.NetworkGateway;
import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.TrafficPolicy.Distribute;
import io.portolan.registry.model.TrafficPolicy.LocalityLb;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Shares of {@code distribute}, over a model that is written another way: exact within each
 * priority, across gateways, under every condition of clusters.
 */
class DistributePropertyTest {
  /** What stands for one network at one rank: weights by pattern, -1 for the failover region. */
  private record Claim(String network, int rank, Map<Integer, Long> weights) {}

  private static final List<String> PATTERNS = List.of("r0/z0", "r0/z1/*", "r1");

  private static int patternOf(Locality where) {
    if (where.region().equals("r0")) {
      return where.zone().equals("z0") ? 0 : 1;
    }
    return where.region().equals("r1") ? 2 : -1;
  }

  /** Where an endpoint stands: 0 for a named place, 1 for the failover region, else nowhere. */
  private static int standing(Endpoint endpoint, boolean failover) {
    return patternOf(endpoint.locality()) >= 0 ? 0 : failover ? 1 : -1;
  }

  private static List<Claim> claims(
      List<Endpoint> endpoints,
      Map<String, List<NetworkGateway>> gateways,
      Map<String, ClusterCondition> conditions,
      boolean failover) {
    List<Claim> claims = new ArrayList<>();
    Map<String, List<Endpoint>> behind = new TreeMap<>();
    for (Endpoint e : endpoints) {
      Treatment treatment =
          e.cluster().equals("c0") ? Treatment.KEEP : conditions.get(e.cluster()).treatment();
      int standing = standing(e, failover);
      if (standing < 0 || treatment == Treatment.WITHDRAW) {
        continue;
      }
      if (e.network().equals("n0")) {
        claims.add(
            new Claim(
                "n0",
                standing + (treatment == Treatment.KEEP ? 0 : 10),
                Map.of(patternOf(e.locality()), 1L)));
      } else if (e.health() == Health.HEALTHY && gateways.containsKey(e.network())) {
        behind
            .computeIfAbsent(e.network() + " " + treatment.ordinal(), n -> new ArrayList<>())
            .add(e);
      }
    }
    Set<String> done = new HashSet<>();
    behind.forEach(
        (key, all) -> {
          String network = key.substring(0, 2);
          if (!done.add(network)) {
            return;
          }
          boolean kept = key.endsWith(" " + Treatment.KEEP.ordinal());
          int near = all.stream().mapToInt(e -> standing(e, failover)).min().orElseThrow();
          Map<Integer, Long> weights = new TreeMap<>();
          all.stream()
              .filter(e -> standing(e, failover) == near)
              .forEach(e -> weights.merge(patternOf(e.locality()), 1L, Long::sum));
          List<NetworkGateway> here = gateways.get(network);
          if (here.stream().anyMatch(NetworkGateway::up)) {
            claims.add(new Claim(network, near + (kept ? 0 : 10), weights));
          }
          if (here.stream().anyMatch(g -> !g.up())) {
            claims.add(new Claim(network, near + 10, weights));
          }
        });
    return claims;
  }

  @Property(tries = 2000)
  void distributeSharesAreExact(@ForAll long seed) {
    Random random = new Random(seed);
    List<Endpoint> endpoints = AssignmentPropertyTest.mixed(random);
    Map<String, List<NetworkGateway>> gateways = AssignmentPropertyTest.gateways(random);
    Map<String, ClusterCondition> conditions = AssignmentPropertyTest.conditions(random);
    boolean failover = random.nextBoolean();
    int first = 1 + random.nextInt(98);
    int second = 1 + random.nextInt(99 - first);
    List<Integer> percents = List.of(first, second, 100 - first - second);
    Map<String, Integer> to = new TreeMap<>();
    for (int i = 0; i < PATTERNS.size(); i++) {
      to.put(PATTERNS.get(i), percents.get(i));
    }
    AssignmentView view =
        AssignmentPropertyTest.build(
            endpoints,
            gateways,
            conditions,
            new LocalityLb(
                true,
                List.of(new Distribute("r0/*", to)),
                failover ? Map.of("r0", "r2") : Map.of(),
                List.of()));
    List<Claim> claims = claims(endpoints, gateways, conditions, failover);
    Map<Integer, Map<Integer, Long>> sums = new TreeMap<>();
    for (Claim claim : claims) {
      claim
          .weights()
          .forEach(
              (pattern, weight) ->
                  sums.computeIfAbsent(claim.rank(), r -> new TreeMap<>())
                      .merge(pattern, weight, Long::sum));
    }
    List<Integer> ranks = List.copyOf(sums.keySet());
    Map<String, Double> expected = new TreeMap<>();
    for (Claim claim : claims) {
      for (var weight : claim.weights().entrySet()) {
        int percent = weight.getKey() < 0 ? 100 : percents.get(weight.getKey());
        double sum = sums.get(claim.rank()).get(weight.getKey());
        expected.merge(
            ranks.indexOf(claim.rank()) + " " + claim.network(),
            percent * weight.getValue() / sum,
            Double::sum);
      }
    }
    assertTrue(view.weighted());
    Set<String> seen = new HashSet<>();
    Map<String, Double> actual = new TreeMap<>();
    for (AssignmentView.Group group : view.groups()) {
      for (AssignmentView.Host host : group.hosts()) {
        assertTrue(seen.add(host.address() + ":" + host.port()), "twice: " + host);
        NetworkGateway gateway = AssignmentPropertyTest.gatewayAt(gateways, host.address());
        actual.merge(
            group.priority() + " " + (gateway == null ? "n0" : gateway.network()),
            (double) host.weight(),
            Double::sum);
      }
    }
    assertEquals(expected.keySet(), actual.keySet());
    for (int priority = 0; priority < ranks.size(); priority++) {
      String prefix = priority + " ";
      double wanted = sum(expected, prefix);
      double got = sum(actual, prefix);
      expected.forEach(
          (key, share) -> {
            if (key.startsWith(prefix)) {
              assertEquals(share / wanted, actual.get(key) / got, 1e-6, key + " of " + expected);
            }
          });
    }
  }

  private static double sum(Map<String, Double> weights, String prefix) {
    return weights.entrySet().stream()
        .filter(e -> e.getKey().startsWith(prefix))
        .mapToDouble(Map.Entry::getValue)
        .sum();
  }
}
