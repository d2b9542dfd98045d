package io.portolan.xds.view;

import io.portolan.registry.change.Change;
import io.portolan.registry.image.MeshService;
import io.portolan.registry.image.RegistryDelta;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.image.ServiceKey;
import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.GatewayObject;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.NodeObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.PodObject;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.ServiceEntryObject;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.ServiceReach;
import io.portolan.registry.model.SliceObject;
import io.portolan.registry.model.VirtualServiceObject;
import io.portolan.registry.model.WorkloadEntryObject;
import io.portolan.registry.model.WorkloadSpec;
import io.portolan.xds.node.ProxyNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.function.Executable;

/**
 * A mesh written down in a test. Clusters {@code a} and {@code b} are on networks of their own,
 * {@code c} shares the network of {@code b}; each network has a gateway unless told otherwise.
 */
final class FederationMesh {
  static final Origin ORIGIN = new Origin("test", 1);
  static final ServicePort HTTP = new ServicePort(80, "http", PortProtocol.HTTP, 8080, "");
  static final ServicePort TCP = new ServicePort(5432, "tcp", PortProtocol.TCP, 5432, "");
  static final Map<String, String> MESH =
      Map.of("security.istio.io/tlsMode", "istio", "app", "web");
  static final Map<String, String> PLAIN = Map.of("app", "web");

  /** Names of the clusters of {@link #web}. */
  static final String WEB = "outbound|80||web.demo.svc.cluster.local";

  static final String WEB_TCP = "outbound|5432||web.demo.svc.cluster.local";

  final List<Change> changes = new ArrayList<>();
  private final Map<String, MeshSettings.ClusterSettings> clusters = new HashMap<>();
  private final Map<String, MeshSettings.NetworkSettings> networks = new HashMap<>();
  final List<MeshSettings.ServiceSettings> serviceSettings = new ArrayList<>();
  TrafficLocality locality = TrafficLocality.ON;
  io.portolan.registry.model.TrafficPolicy.LocalityLb localityLb;

  enum TrafficLocality {
    ON,
    OFF
  }

  FederationMesh() {
    cluster("a", "net-a", "r1/z1");
    cluster("b", "net-b", "r2/z1");
    cluster("c", "net-b", "r2/z1");
    network("net-a", "192.0.2.1");
    network("net-b", "192.0.2.2");
  }

  /** A service {@code web} in {@code a} and {@code b} with a pod in each. */
  static FederationMesh web() {
    return new FederationMesh()
        .service("a", "web", "10.96.0.1", HTTP, TCP)
        .service("b", "web", "10.97.0.1", HTTP, TCP)
        .pod("a", "web-1", "10.1.0.1", MESH)
        .pod("b", "web-1", "10.2.0.1", MESH);
  }

  /** A row of a table of rules. */
  static DynamicTest row(String rule, Executable check) {
    return DynamicTest.dynamicTest(rule, check);
  }

  FederationMesh cluster(String id, String network, String where) {
    clusters.put(id, new MeshSettings.ClusterSettings(id, network, Locality.parse(where)));
    return this;
  }

  FederationMesh trustDomain(String id, String domain) {
    MeshSettings.ClusterSettings old = clusters.get(id);
    clusters.put(id, new MeshSettings.ClusterSettings(id, old.network(), old.locality(), domain));
    return this;
  }

  FederationMesh network(String name, String... gateways) {
    List<MeshSettings.GatewaySettings> made = new ArrayList<>();
    for (String gateway : gateways) {
      made.add(new MeshSettings.GatewaySettings(gateway, "", 15443, Locality.UNKNOWN));
    }
    networks.put(name, new MeshSettings.NetworkSettings(List.of(), List.of(), made));
    return this;
  }

  FederationMesh put(MeshObject object) {
    changes.add(new Change.Put(object));
    return this;
  }

  static ObjectRef ref(String cluster, Kind kind, String name) {
    return new ObjectRef(cluster, kind, "demo", name);
  }

  FederationMesh node(String cluster, String name, String where) {
    return put(
        new NodeObject(new ObjectRef(cluster, Kind.NODE, "", name), ORIGIN, Locality.parse(where)));
  }

  FederationMesh pod(String cluster, String name, String ip, Map<String, String> labels) {
    return pod(cluster, name, List.of(ip), labels, "", Health.HEALTHY);
  }

  FederationMesh pod(
      String cluster,
      String name,
      List<String> ips,
      Map<String, String> labels,
      String node,
      Health health) {
    return put(
        new PodObject(
            ref(cluster, Kind.POD, name),
            ORIGIN,
            ips,
            labels,
            "web",
            node,
            health,
            List.of(),
            "",
            ""));
  }

  FederationMesh service(String cluster, String name, String vip, ServicePort... ports) {
    return put(made(cluster, name, vip, ServiceReach.DEFAULT, ports));
  }

  static ServiceObject made(
      String cluster, String name, String vip, ServiceReach reach, ServicePort... ports) {
    return new ServiceObject(
        ref(cluster, Kind.SERVICE, name),
        ORIGIN,
        vip.isEmpty() ? ServiceObject.Type.HEADLESS : ServiceObject.Type.CLUSTER_IP,
        "",
        vip.isEmpty() ? List.of() : List.of(vip),
        List.of(),
        List.of(ports),
        Map.of("app", "web"),
        Map.of(),
        Map.of(),
        false,
        reach);
  }

  FederationMesh slice(
      String cluster, String service, String name, SliceObject.SliceEndpoint... endpoints) {
    return put(
        new SliceObject(
            ref(cluster, Kind.ENDPOINT_SLICE, name),
            ORIGIN,
            service,
            List.of(
                new SliceObject.SlicePort("http", 8080), new SliceObject.SlicePort("tcp", 5432)),
            List.of(endpoints)));
  }

  FederationMesh workload(String cluster, String name, WorkloadSpec spec) {
    return put(new WorkloadEntryObject(ref(cluster, Kind.WORKLOAD_ENTRY, name), ORIGIN, spec));
  }

  FederationMesh entry(String cluster, String host, Map<String, String> selector, String... vips) {
    return put(
        new ServiceEntryObject(
            ref(cluster, Kind.SERVICE_ENTRY, host.replace('.', '-')),
            ORIGIN,
            List.of(host),
            List.of(vips),
            List.of(HTTP, TCP),
            Resolution.STATIC,
            true,
            List.of(),
            selector,
            List.of(),
            List.of()));
  }

  FederationMesh condition(String cluster, ClusterCondition.Treatment treatment, String reason) {
    changes.add(
        new Change.Condition(
            cluster, new ClusterCondition(ClusterCondition.Phase.STALE, treatment, reason, false)));
    return this;
  }

  FederationMesh eastWest(String cluster) {
    return put(
        new GatewayObject(
            new ObjectRef(cluster, Kind.GATEWAY, "istio-system", "cross-network"),
            ORIGIN,
            Map.of("istio", "eastwestgateway"),
            List.of(
                new GatewayObject.Server(
                    15443,
                    "tls",
                    PortProtocol.TLS,
                    List.of("*.local"),
                    GatewayObject.TlsMode.AUTO_PASSTHROUGH,
                    ""))));
  }

  MeshSettings settings() {
    MeshSettings base = MeshSettings.DEFAULT;
    return new MeshSettings(
        "mesh.example",
        base.rootNamespace(),
        base.domain(),
        clusters,
        networks,
        false,
        base.connectTimeout(),
        (VirtualServiceObject.Retries) null,
        localityLb != null
            ? localityLb
            : new io.portolan.registry.model.TrafficPolicy.LocalityLb(
                locality == TrafficLocality.ON, List.of(), Map.of(), List.of()),
        base.probe(),
        base.clusterHealth(),
        serviceSettings);
  }

  RegistryImage image() {
    RegistryDelta delta = new RegistryDelta();
    delta.add(new Change.Settings(settings()));
    changes.forEach(delta::add);
    return delta.apply(RegistryImage.empty()).after();
  }

  MeshService find(String name) {
    ServiceKey key =
        new ServiceKey(name.contains(".") ? name : name + ".demo.svc.cluster.local", "demo");
    MeshService found = image().service(key);
    if (found == null) {
      throw new AssertionError("no service " + key);
    }
    return found;
  }

  /** A sidecar of cluster {@code a}, {@code b} or {@code c}; its pod need not exist. */
  static ProxyNode sidecar(String cluster) {
    return sidecar(cluster, "client", ProxyNode.Interception.REDIRECT, "10.255.0.1");
  }

  static ProxyNode sidecar(
      String cluster, String pod, ProxyNode.Interception interception, String... addresses) {
    return proxy(ProxyNode.Role.SIDECAR, cluster, pod, "demo", Map.of(), interception, addresses);
  }

  static ProxyNode gateway(String cluster) {
    return proxy(
        ProxyNode.Role.ROUTER,
        cluster,
        "gateway",
        "istio-system",
        Map.of("istio", "eastwestgateway"),
        ProxyNode.Interception.REDIRECT,
        "10.255.0.2");
  }

  private static ProxyNode proxy(
      ProxyNode.Role role,
      String cluster,
      String pod,
      String namespace,
      Map<String, String> labels,
      ProxyNode.Interception interception,
      String... addresses) {
    return new ProxyNode(
        "test",
        role,
        List.of(addresses),
        pod,
        namespace,
        cluster,
        "",
        List.of(),
        "",
        labels,
        interception,
        "127.0.0.1",
        false,
        Locality.UNKNOWN,
        "");
  }

  /** What a proxy is sent. */
  Seen seenBy(ProxyNode node) {
    MeshContext context = MeshContext.of(image());
    ProxyViews views = new ProxyViews(context);
    ProxyScope scope = views.scope(node);
    return new Seen(context, scope, views.shared(scope), views.own(scope, node));
  }

  record Seen(MeshContext context, ProxyScope scope, ProxyViews.Shared shared, ProxyViews.Own own) {
    /**
     * The hosts of a cluster as {@code priority locality address:port health weight}, in order of
     * priority and address; gateways carry no workload.
     */
    List<String> hosts(String cluster) {
      return lines(assignment(cluster));
    }

    static List<String> lines(AssignmentView assignment) {
      List<String> lines = new ArrayList<>();
      for (AssignmentView.Group group : assignment.groups()) {
        for (AssignmentView.Host host : group.hosts()) {
          lines.add(
              "P"
                  + group.priority()
                  + " "
                  + host.address()
                  + ":"
                  + host.port()
                  + (host.health() == Health.HEALTHY ? "" : " " + host.health())
                  + " w"
                  + host.weight()
                  + (host.meshTls() ? "" : " plain"));
        }
      }
      return lines.stream().sorted().toList();
    }

    AssignmentView assignment(String cluster) {
      for (ServiceViewBuilder.Pair pair : shared.clusters()) {
        if (pair.cluster().name().equals(cluster) && pair.assignment() != null) {
          return pair.assignment();
        }
      }
      throw new AssertionError("no assignment " + cluster + " in " + clusters());
    }

    ClusterView cluster(String name) {
      return shared.clusters().stream()
          .map(ServiceViewBuilder.Pair::cluster)
          .filter(c -> c.name().equals(name))
          .findFirst()
          .orElseThrow(() -> new AssertionError("no cluster " + name + " in " + clusters()));
    }

    List<String> clusters() {
      return shared.clusters().stream().map(p -> p.cluster().name()).sorted().toList();
    }

    /** Listener names with the cluster or route configuration each leads to. */
    Map<String, String> listeners() {
      Map<String, String> found = new TreeMap<>();
      List<ListenerView> all = new ArrayList<>(shared.listeners());
      all.addAll(own.listeners());
      for (ListenerView listener : all) {
        if (listener instanceof ListenerView.OutboundTcp tcp) {
          found.put(tcp.name(), tcp.cluster());
        } else if (listener instanceof ListenerView.OutboundHttp http) {
          found.put(http.name(), "rds " + http.routes());
        }
      }
      return found;
    }

    /** Domains of a virtual host of an HTTP port. */
    List<String> domains(int port, String host) {
      return shared.routes().stream()
          .filter(r -> r.name().equals(Integer.toString(port)))
          .flatMap(r -> r.hosts().stream())
          .filter(h -> h.name().equals(host + ":" + port))
          .flatMap(h -> h.domains().stream())
          .toList();
    }

    List<String> notes() {
      List<String> all = new ArrayList<>(shared.notes());
      all.addAll(own.notes());
      return all;
    }

    /** Every reason in the explanation of a service: of what is there and of what is not. */
    List<String> reasons(String service) {
      List<String> reasons = new ArrayList<>();
      for (ServiceViewBuilder.Pair pair :
          new ServiceViewBuilder(context, scope)
              .explain(
                  context
                      .image()
                      .service(new ServiceKey(service + ".demo.svc.cluster.local", "demo")),
                  false)) {
        if (pair.assignment() == null) {
          continue;
        }
        pair.assignment()
            .groups()
            .forEach(
                g ->
                    g.hosts()
                        .forEach(h -> reasons.add(h.address() + ": " + h.why().priorityReason())));
        pair.assignment()
            .leftOut()
            .forEach(l -> reasons.add(l.endpoint().split(" ")[0] + " left out: " + l.reason()));
      }
      return reasons;
    }
  }
}
