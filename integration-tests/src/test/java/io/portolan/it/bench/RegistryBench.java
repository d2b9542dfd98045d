package io.portolan.it.bench;

import io.portolan.registry.change.Change;
import io.portolan.registry.image.ImageChange;
import io.portolan.registry.image.RegistryDelta;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.PodObject;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.SliceObject;
import io.portolan.xds.node.ProxyNode;
import io.portolan.xds.view.MeshContext;
import io.portolan.xds.view.ProxyScope;
import io.portolan.xds.view.ProxyViews;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Cost of the registry: applying 10,000 services with 100,000 endpoints, one change on top, the
 * view of one scope, and heap per endpoint. Run it as a main class; arguments: services, endpoints
 * per service.
 */
public final class RegistryBench {
  private static final Origin ORIGIN = new Origin("bench", 1);
  private static final Map<String, String> LABELS =
      Map.of("app", "a", "security.istio.io/tlsMode", "istio");

  private RegistryBench() {}

  /** Prints one line per figure. */
  public static void main(String[] args) {
    int services = args.length > 0 ? Integer.parseInt(args[0]) : 10_000;
    int each = args.length > 1 ? Integer.parseInt(args[1]) : 10;
    long before = heap();
    long start = System.nanoTime();
    RegistryDelta delta = new RegistryDelta();
    delta.add(new Change.Settings(settings()));
    for (int s = 0; s < services; s++) {
      service(s, each, Health.HEALTHY).forEach(delta::add);
    }
    RegistryImage image = delta.apply(RegistryImage.empty()).after();
    delta = new RegistryDelta();
    print(
        "apply of " + services + " services, " + services * each + " endpoints, one batch",
        millis(start));
    long used = heap() - before;
    System.out.printf(
        Locale.ROOT,
        "heap per endpoint, its pod included: %d bytes%n",
        used / ((long) services * each));

    List<Double> single = new ArrayList<>();
    List<Double> views = new ArrayList<>();
    MeshContext context = MeshContext.of(image);
    ProxyScope scope =
        new ProxyScope(
            ProxyNode.Role.SIDECAR,
            ProxyNode.Interception.REDIRECT,
            "c0",
            "n0",
            List.of(),
            "ns0",
            Locality.parse("r/z0"),
            Map.of());
    for (int i = 0; i < 20; i++) {
      start = System.nanoTime();
      RegistryDelta one = new RegistryDelta();
      one.add(service(7, each, i % 2 == 0 ? Health.UNHEALTHY : Health.HEALTHY).getLast());
      ImageChange change = one.apply(image);
      image = change.after();
      single.add(millis(start));
      start = System.nanoTime();
      context = context.withServicesOf(image, change.services());
      int clusters = new ProxyViews(context).shared(scope).clusters().size();
      views.add(millis(start));
      if (clusters < services) {
        throw new IllegalStateException("only " + clusters + " clusters");
      }
    }
    single.sort(null);
    views.sort(null);
    print("one endpoint changes, median of 20", single.get(10));
    print("context and whole view of one scope, median of 20", views.get(10));
    ownParts(context, scope, services, each);
  }

  /** The own part of one sidecar per service; the place of each is found by index. */
  private static void ownParts(MeshContext context, ProxyScope scope, int services, int each) {
    ProxyViews views = new ProxyViews(context);
    List<ProxyNode> nodes = new ArrayList<>();
    for (int s = 0; s < Math.min(services, 1000); s++) {
      nodes.add(node(s, s * each));
    }
    List<Double> rounds = new ArrayList<>();
    for (int round = 0; round < 21; round++) {
      long start = System.nanoTime();
      for (ProxyNode node : nodes) {
        if (views.own(scope, node).clusters().isEmpty()) {
          throw new IllegalStateException("no inbound cluster for " + node.id());
        }
      }
      rounds.add(millis(start) * 1000 / nodes.size());
    }
    rounds.sort(null);
    System.out.printf(
        Locale.ROOT,
        "view of one proxy's own part, median of 21: %.2f µs (least %.2f, most %.2f)%n",
        rounds.get(10),
        rounds.getFirst(),
        rounds.getLast());
  }

  private static ProxyNode node(int service, int endpoint) {
    return new ProxyNode(
        "sidecar~" + address(endpoint) + "~pod.ns~x",
        ProxyNode.Role.SIDECAR,
        List.of(address(endpoint)),
        "pod",
        "ns" + service % 100,
        "c0",
        "n0",
        List.of(),
        "",
        Map.of(),
        ProxyNode.Interception.REDIRECT,
        "",
        false,
        Locality.UNKNOWN,
        "");
  }

  private static String address(int id) {
    return "10." + id / 65536 % 90 + "." + id / 256 % 256 + "." + id % 256;
  }

  static void print(String what, double millis) {
    System.out.printf(Locale.ROOT, "%s: %.3f ms%n", what, millis);
  }

  static double millis(long start) {
    return (System.nanoTime() - start) / 1e6;
  }

  static long heap() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private static MeshSettings settings() {
    MeshSettings base = MeshSettings.DEFAULT;
    return new MeshSettings(
        base.trustDomain(),
        base.rootNamespace(),
        base.domain(),
        Map.of("c0", new MeshSettings.ClusterSettings("c0", "n0", Locality.parse("r/z0"))),
        Map.of(),
        false,
        base.connectTimeout(),
        null,
        base.localityLb(),
        base.probe(),
        base.clusterHealth());
  }

  static List<Change> service(int number, int each, Health first) {
    String namespace = "ns" + number % 100;
    String name = "svc" + number;
    List<Change> changes = new ArrayList<>();
    changes.add(
        new Change.Put(
            new ServiceObject(
                new ObjectRef("c0", Kind.SERVICE, namespace, name),
                ORIGIN,
                ServiceObject.Type.CLUSTER_IP,
                "",
                List.of(
                    "10." + (96 + number / 65536) + "." + number / 256 % 256 + "." + number % 256),
                List.of(),
                List.of(new ServicePort(80, "http", PortProtocol.HTTP, 8080, "")),
                Map.of("app", name),
                Map.of(),
                Map.of(),
                false)));
    List<SliceObject.SliceEndpoint> endpoints = new ArrayList<>();
    for (int e = 0; e < each; e++) {
      int id = number * each + e;
      String ip = address(id);
      String pod = name + "-" + e;
      changes.add(
          new Change.Put(
              new PodObject(
                  new ObjectRef("c0", Kind.POD, namespace, pod),
                  ORIGIN,
                  List.of(ip),
                  LABELS,
                  "default",
                  "",
                  Health.HEALTHY,
                  List.of(),
                  "",
                  "")));
      endpoints.add(
          new SliceObject.SliceEndpoint(ip, e == 0 ? first : Health.HEALTHY, "", "", pod, ""));
    }
    changes.add(
        new Change.Put(
            new SliceObject(
                new ObjectRef("c0", Kind.ENDPOINT_SLICE, namespace, name + "-x"),
                ORIGIN,
                name,
                List.of(new SliceObject.SlicePort("http", 8080)),
                endpoints)));
    return changes;
  }
}
