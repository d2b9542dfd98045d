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

  static NetworkGateway gatewayAt(Map<String, List<NetworkGateway>> gateways, String address) {
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

  static Map<String, ClusterCondition> conditions(Random random) {
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
  static List<Endpoint> mixed(Random random) {
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

  static Map<String, List<NetworkGateway>> gateways(Random random) {
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
