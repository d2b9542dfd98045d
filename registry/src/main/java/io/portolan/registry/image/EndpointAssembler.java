package io.portolan.registry.image;

import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.NodeObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.PodObject;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.ServiceEntryObject;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.SliceObject;
import io.portolan.registry.model.WorkloadEntryObject;
import io.portolan.registry.model.WorkloadSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Joins slices, pods, nodes and workload entries of one cluster into the endpoints of a service.
 */
final class EndpointAssembler {
  private static final String ISTIO_LOCALITY = "istio-locality";
  private static final String TLS_MODE = "security.istio.io/tlsMode";

  private final ClusterImage cluster;
  private final NetworkResolver networks;
  private final Locality clusterLocality;
  private final List<Endpoint> endpoints = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final Map<String, String> regions = new HashMap<>();

  EndpointAssembler(ClusterImage cluster, NetworkResolver networks, Locality clusterLocality) {
    this.cluster = cluster;
    this.networks = networks;
    this.clusterLocality = clusterLocality;
  }

  List<Endpoint> endpoints() {
    return endpoints;
  }

  List<String> notes() {
    return notes;
  }

  void addService(ServiceObject service) {
    if (service.type() == ServiceObject.Type.EXTERNAL_NAME) {
      endpoints.add(
          new Endpoint(
              service.externalName(),
              numbers(service.ports(), Map.of()),
              cluster.id(),
              "",
              Locality.UNKNOWN,
              service.ref().namespace(),
              "",
              "",
              Health.HEALTHY,
              1,
              Map.of(),
              false,
              service.ref(),
              List.of(),
              "",
              "",
              null));
      return;
    }
    String namespace = service.ref().namespace();
    var slices = cluster.slicesOf(namespace, service.ref().name());
    List<Endpoint> sliced = new ArrayList<>();
    for (SliceObject slice : slices) {
      addSlice(service, slice, sliced);
    }
    endpoints.addAll(Families.join(sliced, prefersIpv6(service)));
    if (service.selector().isEmpty()) {
      return;
    }
    if (slices.isEmpty()) {
      for (var object : cluster.in(Kind.POD, namespace)) {
        if (object instanceof PodObject pod && matches(service.selector(), pod.labels())) {
          addPod(service, pod);
        }
      }
    }
    for (var object : cluster.in(Kind.WORKLOAD_ENTRY, namespace)) {
      if (object instanceof WorkloadEntryObject entry
          && matches(service.selector(), entry.spec().labels())) {
        addWorkload(service.ports(), entry.spec(), entry.ref(), networkOf(entry.spec()), null);
      }
    }
  }

  private static boolean prefersIpv6(ServiceObject service) {
    return !service.clusterIps().isEmpty() && service.clusterIps().getFirst().indexOf(':') >= 0;
  }

  /**
   * The inline endpoints of an entry and the workloads it selects.
   *
   * @param elsewhere inline endpoints that others stand for: the endpoints of a mesh service
   */
  void addServiceEntry(
      ServiceEntryObject entry, String hostname, Predicate<EntryReference> elsewhere) {
    for (WorkloadSpec spec : entry.endpoints()) {
      EntryReference reference = EntryReference.of(entry, spec, networks.settings());
      if (reference == null) {
        addWorkload(entry.ports(), spec, entry.ref(), networkOf(entry, spec), null);
      } else if (!elsewhere.test(reference)) {
        addWorkload(entry.ports(), spec, entry.ref(), reference.network(), reference.target());
      }
    }
    boolean itself =
        entry.resolution() == Resolution.DNS || entry.resolution() == Resolution.DNS_ROUND_ROBIN;
    if (itself && entry.endpoints().isEmpty() && entry.workloadSelector().isEmpty()) {
      // Source: Istio, where the host is its only endpoint then.
      WorkloadSpec host =
          new WorkloadSpec(hostname, Map.of(), Map.of(), "", Locality.UNKNOWN, 0, "");
      addWorkload(entry.ports(), host, entry.ref(), networkOf(entry, host), null);
    }
    addSelected(entry);
  }

  /** What is outside the mesh is on a network only where the entry says so. */
  private String networkOf(ServiceEntryObject entry, WorkloadSpec spec) {
    return entry.meshInternal()
        ? networks.of(spec.address(), spec.labels(), spec.network())
        : EntryReference.network(spec);
  }

  /** The workloads of this cluster that an entry of this or another cluster selects. */
  void addSelected(ServiceEntryObject entry) {
    if (entry.workloadSelector().isEmpty()) {
      return;
    }
    String namespace = entry.ref().namespace();
    for (var object : cluster.in(Kind.WORKLOAD_ENTRY, namespace)) {
      if (object instanceof WorkloadEntryObject workload
          && matches(entry.workloadSelector(), workload.spec().labels())) {
        addWorkload(
            entry.ports(), workload.spec(), workload.ref(), networkOf(workload.spec()), null);
      }
    }
    for (var object : cluster.in(Kind.POD, namespace)) {
      if (object instanceof PodObject pod
          && !pod.ips().isEmpty()
          && matches(entry.workloadSelector(), pod.labels())) {
        List<String> addresses = Families.ordered(pod.ips(), false);
        Endpoint made =
            ofPod(
                pod,
                addresses.getFirst(),
                numbers(entry.ports(), Map.of()),
                pod.health(),
                pod.ref(),
                localityOf(pod, pod.node(), ""),
                "");
        endpoints.add(addresses.size() > 1 ? made.withOther(addresses.get(1)) : made);
      }
    }
  }

  static boolean matches(Map<String, String> selector, Map<String, String> labels) {
    return labels.entrySet().containsAll(selector.entrySet());
  }

  private void addSlice(ServiceObject service, SliceObject slice, List<Endpoint> into) {
    Map<Integer, Integer> ports = new TreeMap<>();
    for (ServicePort port : service.ports()) {
      // The slice names ports as the service does; a lone unnamed port matches whatever its name.
      slice.ports().stream()
          .filter(p -> p.name().equals(port.name()))
          .findFirst()
          .or(
              () ->
                  slice.ports().size() == 1 && service.ports().size() == 1
                      ? slice.ports().stream().findFirst()
                      : java.util.Optional.empty())
          .ifPresent(p -> ports.put(port.number(), p.number()));
    }
    Map<Integer, Integer> shared = Map.copyOf(ports);
    for (SliceObject.SliceEndpoint endpoint : slice.endpoints()) {
      PodObject pod = podOf(slice, endpoint);
      if (pod == null && !endpoint.pod().isEmpty()) {
        notes.add(
            "endpoint "
                + endpoint.address()
                + " of "
                + slice.ref()
                + " left out: pod "
                + endpoint.pod()
                + " is not known");
        continue;
      }
      // The slice alone says how an endpoint is: the pod may be older or newer than it.
      Health health =
          service.publishNotReady() && endpoint.health() == Health.UNHEALTHY
              ? Health.HEALTHY
              : endpoint.health();
      Locality locality = localityOf(pod, endpoint.node(), endpoint.zone());
      if (pod != null) {
        into.add(
            ofPod(
                pod,
                endpoint.address(),
                shared,
                health,
                slice.ref(),
                locality,
                endpoint.hostname()));
      } else {
        into.add(
            new Endpoint(
                endpoint.address(),
                shared,
                cluster.id(),
                networks.of(endpoint.address(), Map.of(), ""),
                locality,
                slice.ref().namespace(),
                "",
                "",
                health,
                1,
                Map.of(),
                false,
                slice.ref(),
                List.of(),
                endpoint.node(),
                endpoint.hostname(),
                null));
      }
    }
  }

  private @Nullable PodObject podOf(SliceObject slice, SliceObject.SliceEndpoint endpoint) {
    if (endpoint.pod().isEmpty()) {
      return cluster.podAt(endpoint.address(), slice.ref().namespace());
    }
    var ref = new ObjectRef(cluster.id(), Kind.POD, slice.ref().namespace(), endpoint.pod());
    return cluster.get(ref) instanceof PodObject pod ? pod : null;
  }

  private void addPod(ServiceObject service, PodObject pod) {
    if (pod.ips().isEmpty()) {
      return;
    }
    Map<String, Integer> named = new TreeMap<>();
    pod.ports().forEach(p -> named.putIfAbsent(p.name(), p.number()));
    Health health =
        service.publishNotReady() && pod.health() == Health.UNHEALTHY
            ? Health.HEALTHY
            : pod.health();
    List<String> addresses = Families.ordered(pod.ips(), prefersIpv6(service));
    Endpoint made =
        ofPod(
            pod,
            addresses.getFirst(),
            numbers(service.ports(), named),
            health,
            pod.ref(),
            localityOf(pod, pod.node(), ""),
            pod.subdomain().equals(service.ref().name()) ? pod.hostname() : "");
    endpoints.add(addresses.size() > 1 ? made.withOther(addresses.get(1)) : made);
  }

  private Endpoint ofPod(
      PodObject pod,
      String address,
      Map<Integer, Integer> ports,
      Health health,
      ObjectRef source,
      Locality locality,
      String hostname) {
    return new Endpoint(
        address,
        ports,
        cluster.id(),
        networks.of(address, pod.labels(), ""),
        locality,
        pod.ref().namespace(),
        pod.ref().name(),
        pod.serviceAccount(),
        health,
        1,
        pod.labels(),
        "istio".equals(pod.labels().get(TLS_MODE)),
        source,
        List.of(),
        pod.node(),
        hostname,
        null);
  }

  private String networkOf(WorkloadSpec spec) {
    return networks.of(spec.address(), spec.labels(), spec.network());
  }

  private void addWorkload(
      List<ServicePort> ports,
      WorkloadSpec spec,
      ObjectRef source,
      String network,
      Endpoint.@Nullable Target target) {
    Map<Integer, Integer> numbers = new TreeMap<>();
    for (ServicePort port : ports) {
      Integer own = spec.ports().get(port.name());
      numbers.put(port.number(), own != null ? own : portOf(port));
    }
    Locality locality = spec.locality().isUnknown() ? localityOf(null, "", "") : spec.locality();
    endpoints.add(
        new Endpoint(
            spec.address(),
            Map.copyOf(numbers),
            cluster.id(),
            network,
            locality,
            source.namespace(),
            source.name(),
            spec.serviceAccount(),
            Health.HEALTHY,
            Math.max(1, spec.weight()),
            spec.labels(),
            target != null || meshTls(spec),
            source,
            List.of(),
            "",
            "",
            target));
  }

  /** The label decides; without it a workload with an identity has a proxy. */
  private static boolean meshTls(WorkloadSpec spec) {
    String mode = spec.labels().get(TLS_MODE);
    return mode == null ? !spec.serviceAccount().isEmpty() : mode.equals("istio");
  }

  private static Map<Integer, Integer> numbers(
      List<ServicePort> ports, Map<String, Integer> named) {
    Map<Integer, Integer> numbers = new TreeMap<>();
    for (ServicePort port : ports) {
      if (port.targetPortName().isEmpty()) {
        numbers.put(port.number(), portOf(port));
      } else {
        Integer number = named.get(port.targetPortName());
        if (number != null) {
          numbers.put(port.number(), number);
        }
      }
    }
    return Map.copyOf(numbers);
  }

  private static int portOf(ServicePort port) {
    return port.targetPort() > 0 ? port.targetPort() : port.number();
  }

  /** Label of the workload, then its node, then the zone of the slice, then the cluster's own. */
  private Locality localityOf(@Nullable PodObject pod, String nodeName, String zone) {
    Locality own = placeOf(cluster, pod, nodeName);
    if (!own.isUnknown()) {
      return own;
    }
    return zone.isEmpty() ? clusterLocality : new Locality(regionOf(zone), zone, "");
  }

  /** What a pod's label or its node says; unknown when neither does. */
  static Locality placeOf(ClusterImage cluster, @Nullable PodObject pod, String nodeName) {
    if (pod != null) {
      String label = pod.labels().get(ISTIO_LOCALITY);
      if (label != null && !label.isEmpty()) {
        // The label uses '.' where a label value may not hold '/'.
        var parts = label.replace('.', '/').split("/", 4);
        return new Locality(
            parts[0], parts.length > 1 ? parts[1] : "", parts.length > 2 ? parts[2] : "");
      }
    }
    String node = nodeName.isEmpty() && pod != null ? pod.node() : nodeName;
    return !node.isEmpty()
            && cluster.get(new ObjectRef(cluster.id(), Kind.NODE, "", node)) instanceof NodeObject n
        ? n.locality()
        : Locality.UNKNOWN;
  }

  /** The region that the cluster's nodes say a zone is in, else the cluster's own. */
  private String regionOf(String zone) {
    return regions.computeIfAbsent(
        zone,
        z ->
            cluster
                .all(Kind.NODE)
                .map(o -> o instanceof NodeObject n ? n.locality() : Locality.UNKNOWN)
                .filter(l -> l.zone().equals(z) && !l.region().isEmpty())
                .map(Locality::region)
                .min(java.util.Comparator.naturalOrder())
                .orElse(clusterLocality.region()));
  }
}
