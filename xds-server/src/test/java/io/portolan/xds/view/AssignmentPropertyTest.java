package io.portolan.xds.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.image.Endpoint;
import io.portolan.registry.image.MeshService;
import io.portolan.registry.image.NetworkGateway;
import io.portolan.registry.image.ServiceKey;
import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.TrafficPolicy.Distribute;
import io.portolan.registry.model.TrafficPolicy.LocalityLb;
import io.portolan.xds.generate.endpoint.AssignmentGenerator;
import io.portolan.xds.node.ProxyNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Invariants 2 and 9: an address once, weight share is endpoint share, order of input is nothing.
 */
class AssignmentPropertyTest {
  private static final ServicePort PORT = ServicePort.of(80, "http", PortProtocol.HTTP);
  private static final ProxyScope SCOPE =
      new ProxyScope(
          ProxyNode.Role.SIDECAR,
          ProxyNode.Interception.NONE,
          "c0",
          "n0",
          List.of(),
          "demo",
          Locality.parse("r0/z0"),
          Map.of());

  @Property(tries = 1000)
  void anAddressOccursOnce(@ForAll long seed) {
    Random random = new Random(seed);
    AssignmentView view = build(endpoints(random), gateways(random));
    Set<String> seen = new HashSet<>();
    int last = 0;
    for (AssignmentView.Group group : view.groups()) {
      assertTrue(group.priority() == last || group.priority() == last + 1, "no gaps");
      last = group.priority();
      for (AssignmentView.Host host : group.hosts()) {
        assertTrue(seen.add(host.address() + ":" + host.port()), "twice: " + host);
        assertTrue(host.weight() >= 1);
      }
    }
    assertTrue(view.groups().isEmpty() || view.groups().getFirst().priority() == 0);
  }

  @Property(tries = 1000)
  void weightShareIsEndpointShare(@ForAll long seed) {
    Random random = new Random(seed);
    List<Endpoint> endpoints = endpoints(random);
    Map<String, List<NetworkGateway>> gateways = gateways(random);
    AssignmentView view = build(endpoints, gateways);
    Map<String, Long> expected = new TreeMap<>();
    Set<String> direct = new HashSet<>();
    for (Endpoint e : endpoints) {
      if (e.network().equals("n0")) {
        if (direct.add(e.address())) {
          expected.merge("n0", 1L, Long::sum);
        }
      } else if (e.health() == Health.HEALTHY && gateways.containsKey(e.network())) {
        expected.merge(e.network(), 1L, Long::sum);
      }
    }
    Map<String, Long> actual = new TreeMap<>();
    for (AssignmentView.Group group : view.groups()) {
      for (AssignmentView.Host host : group.hosts()) {
        NetworkGateway gateway = gatewayAt(gateways, host.address());
        boolean down =
            gateway != null
                && !gateway.up()
                && gateways.get(gateway.network()).stream().anyMatch(NetworkGateway::up);
        if (!down) {
          actual.merge(gateway == null ? "n0" : gateway.network(), (long) host.weight(), Long::sum);
        }
      }
    }
    assertEquals(expected.keySet(), actual.keySet());
    for (String a : expected.keySet()) {
      for (String b : expected.keySet()) {
        assertEquals(
            expected.get(a) * actual.get(b),
            expected.get(b) * actual.get(a),
            a + " to " + b + ": endpoints " + expected + " weights " + actual);
      }
    }
  }

  @Property(tries = 1000)
  void conditionsKeepAddressesUniqueAndSharesRight(@ForAll long seed) {
    Random random = new Random(seed);
    List<Endpoint> endpoints = mixed(random);
    Map<String, List<NetworkGateway>> gateways = gateways(random);
    Map<String, ClusterCondition> conditions = conditions(random);
    AssignmentView view = build(endpoints, gateways, conditions);
    Map<String, Treatment> best = new TreeMap<>();
    Map<String, Long> expected = new TreeMap<>();
    for (Endpoint e : endpoints) {
      Treatment treatment =
          e.cluster().equals("c0") ? Treatment.KEEP : conditions.get(e.cluster()).treatment();
      boolean counts =
          e.network().equals("n0")
              || (e.health() == Health.HEALTHY && gateways.containsKey(e.network()));
      if (!counts || treatment == Treatment.WITHDRAW) {
        continue;
      }
      Treatment known = best.get(e.network());
      if (known == null || treatment.compareTo(known) < 0) {
        best.put(e.network(), treatment);
        expected.put(e.network(), 0L);
      }
      if (treatment == best.get(e.network())) {
        expected.merge(e.network(), 1L, Long::sum);
      }
    }
    Set<String> seen = new HashSet<>();
    Map<String, Long> actual = new TreeMap<>();
    int worstKept = -1;
    int bestTreated = Integer.MAX_VALUE;
    for (AssignmentView.Group group : view.groups()) {
      for (AssignmentView.Host host : group.hosts()) {
        assertTrue(seen.add(host.address() + ":" + host.port()), "twice: " + host);
        NetworkGateway gateway = gatewayAt(gateways, host.address());
        String network = gateway == null ? "n0" : gateway.network();
        boolean treated = best.get(network) != Treatment.KEEP || (gateway != null && !gateway.up());
        if (treated) {
          bestTreated = Math.min(bestTreated, group.priority());
        } else {
          worstKept = Math.max(worstKept, group.priority());
        }
        if (best.get(network) == Treatment.UNHEALTHY) {
          assertEquals(Health.UNHEALTHY, host.health(), "all behind it is unhealthy: " + host);
        } else if (gateway != null) {
          assertEquals(Health.HEALTHY, host.health(), host.toString());
        }
        if (best.get(network) != Treatment.KEEP) {
          assertTrue(
              host.why().priorityReason().contains("because of c"),
              "the reason shows: " + host.why());
        }
        boolean spare =
            gateway != null
                && !gateway.up()
                && gateways.get(network).stream().anyMatch(NetworkGateway::up);
        if (!spare) {
          actual.merge(network, (long) host.weight(), Long::sum);
        }
      }
    }
    assertTrue(worstKept < bestTreated, "what is treated comes after all else");
    assertEquals(expected.keySet(), actual.keySet());
    for (String a : expected.keySet()) {
      for (String b : expected.keySet()) {
        assertEquals(expected.get(a) * actual.get(b), expected.get(b) * actual.get(a));
      }
    }
  }

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
    List<Endpoint> endpoints = mixed(random);
    Map<String, List<NetworkGateway>> gateways = gateways(random);
    Map<String, ClusterCondition> conditions = conditions(random);
    boolean failover = random.nextBoolean();
    int first = 1 + random.nextInt(98);
    int second = 1 + random.nextInt(99 - first);
    List<Integer> percents = List.of(first, second, 100 - first - second);
    Map<String, Integer> to = new TreeMap<>();
    for (int i = 0; i < PATTERNS.size(); i++) {
      to.put(PATTERNS.get(i), percents.get(i));
    }
    AssignmentView view =
        build(
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
        NetworkGateway gateway = gatewayAt(gateways, host.address());
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

  @Property(tries = 300)
  void orderOfInputDoesNotMatter(@ForAll long seed) {
    Random random = new Random(seed);
    List<Endpoint> endpoints = new ArrayList<>(unique(endpoints(random)));
    Map<String, List<NetworkGateway>> gateways = gateways(random);
    String one = AssignmentGenerator.generate(build(endpoints, gateways), List.of()).version();
    Collections.shuffle(endpoints, random);
    assertEquals(
        one, AssignmentGenerator.generate(build(endpoints, gateways), List.of()).version());
  }

  private static List<Endpoint> unique(List<Endpoint> endpoints) {
    Map<String, Endpoint> byAddress = new TreeMap<>();
    endpoints.forEach(e -> byAddress.putIfAbsent(e.address(), e));
    return List.copyOf(byAddress.values());
  }

  private static NetworkGateway gatewayAt(
      Map<String, List<NetworkGateway>> gateways, String address) {
    return gateways.values().stream()
        .flatMap(List::stream)
        .filter(g -> g.address().equals(address))
        .findFirst()
        .orElse(null);
  }

  private static AssignmentView build(
      List<Endpoint> endpoints, Map<String, List<NetworkGateway>> gateways) {
    return build(endpoints, gateways, Map.of());
  }

  private static AssignmentView build(
      List<Endpoint> endpoints,
      Map<String, List<NetworkGateway>> gateways,
      Map<String, ClusterCondition> conditions) {
    return build(endpoints, gateways, conditions, MeshSettings.DEFAULT.localityLb());
  }

  static AssignmentView build(
      List<Endpoint> endpoints,
      Map<String, List<NetworkGateway>> gateways,
      Map<String, ClusterCondition> conditions,
      LocalityLb setting) {
    MeshService service =
        new MeshService(
            new ServiceKey("a.demo.svc.cluster.local", "demo"),
            List.of(),
            List.of(PORT),
            Resolution.STATIC,
            false,
            false,
            "",
            List.of(),
            endpoints,
            List.of());
    Surroundings around =
        new Surroundings(
            gateways,
            c -> conditions.getOrDefault(c, ClusterCondition.UNWATCHED),
            UnaryOperator.identity());
    return new AssignmentBuilder(service, PORT, SCOPE, setting, around, false, true)
        .build("c", e -> true);
  }

  private static Map<String, ClusterCondition> conditions(Random random) {
    Map<String, ClusterCondition> conditions = new TreeMap<>();
    for (int c = 0; c < 6; c++) {
      Treatment treatment = Treatment.values()[random.nextInt(Treatment.values().length)];
      conditions.put(
          "c" + c,
          new ClusterCondition(ClusterCondition.Phase.STALE, treatment, "because of c" + c, false));
    }
    return conditions;
  }

  /** Two clusters share network n3, so that conditions mix behind its gateways. */
  private static List<Endpoint> mixed(Random random) {
    return unique(endpoints(random)).stream()
        .map(
            e ->
                e.network().equals("n3") && random.nextBoolean()
                    ? new Endpoint(
                        e.address(),
                        e.ports(),
                        "c4",
                        e.network(),
                        e.locality(),
                        e.namespace(),
                        e.workload(),
                        e.serviceAccount(),
                        e.health(),
                        e.weight(),
                        e.labels(),
                        e.meshTls(),
                        e.source(),
                        e.otherAddresses(),
                        e.node(),
                        e.hostname(),
                        e.target())
                    : e)
        .sorted(java.util.Comparator.comparing(Endpoint::cluster).thenComparing(Endpoint::address))
        .toList();
  }

  private static List<Endpoint> endpoints(Random random) {
    List<Endpoint> endpoints = new ArrayList<>();
    int count = random.nextInt(20);
    for (int i = 0; i < count; i++) {
      String network = "n" + random.nextInt(4);
      String address = "10.0." + network.charAt(1) + "." + random.nextInt(30);
      endpoints.add(
          new Endpoint(
              address,
              Map.of(80, 8080),
              "c" + network.charAt(1),
              network,
              Locality.parse("r" + random.nextInt(3) + "/z" + random.nextInt(2)),
              "demo",
              "pod" + i,
              "sa",
              random.nextInt(4) == 0 ? Health.UNHEALTHY : Health.HEALTHY,
              1,
              Map.of(),
              true,
              new ObjectRef("c", Kind.POD, "demo", "pod" + i),
              List.of(),
              "",
              "",
              null));
    }
    return endpoints;
  }

  private static Map<String, List<NetworkGateway>> gateways(Random random) {
    Map<String, List<NetworkGateway>> gateways = new TreeMap<>();
    for (int n = 1; n < 4; n++) {
      List<NetworkGateway> list = new ArrayList<>();
      int count = random.nextInt(4);
      for (int i = 0; i < count; i++) {
        list.add(
            new NetworkGateway(
                "n" + n,
                "10.200." + n + "." + i,
                15443,
                Locality.UNKNOWN,
                random.nextInt(4) > 0,
                "",
                ""));
      }
      if (!list.isEmpty()) {
        gateways.put("n" + n, list);
      }
    }
    return gateways;
  }
}
