package io.portolan.xds.view;

import io.portolan.registry.image.MeshService;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.image.ServiceKey;
import io.portolan.registry.model.DestinationRuleObject;
import io.portolan.registry.model.GatewayObject;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ServiceReach;
import io.portolan.registry.model.TrafficPolicy;
import io.portolan.registry.model.TrafficPolicy.LocalityLb;
import io.portolan.registry.model.VirtualServiceObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What is the same for all proxies: indexes over one image. Immutable; built once per image. */
public final class MeshContext {
  private static final int MAX_ALIASES = 8;

  private final RegistryImage image;
  private final List<MeshService> services;
  private final Map<String, List<MeshService>> byHost = new HashMap<>();
  private final Map<String, List<DestinationRuleObject>> rules;
  private final List<VirtualServiceObject> virtualServices;
  private final List<GatewayObject> gateways;
  private final Map<String, Set<String>> ownAddresses = new TreeMap<>();
  private final Set<String> nodeBound = new HashSet<>();
  private final WorkloadIndex workloads;
  private final Set<String> priorityLabels;

  private MeshContext(RegistryImage image, @Nullable MeshContext before, Set<ServiceKey> changed) {
    this.image = image;
    this.services =
        image.services().values().stream().sorted(Comparator.comparing(MeshService::key)).toList();
    for (MeshService service : services) {
      byHost.computeIfAbsent(service.hostname(), h -> new ArrayList<>(1)).add(service);
      for (MeshService.Member member : service.members()) {
        ownAddresses
            .computeIfAbsent(member.cluster(), c -> new HashSet<>())
            .addAll(member.addresses());
        if (member.reach().nodeLocal()
            || member.reach().distribution() == ServiceReach.Distribution.SAME_NODE) {
          nodeBound.add(member.cluster());
        }
      }
    }
    this.workloads =
        before == null
            ? WorkloadIndex.of(services)
            : before.workloads.with(before.image, image, changed);
    if (before != null) {
      this.rules = before.rules;
      this.virtualServices = before.virtualServices;
      this.gateways = before.gateways;
      this.priorityLabels = before.priorityLabels;
      return;
    }
    this.rules = new HashMap<>();
    sorted(image, Kind.DESTINATION_RULE, DestinationRuleObject.class)
        .forEach(r -> rules.computeIfAbsent(r.host(), h -> new ArrayList<>(1)).add(r));
    this.virtualServices = sorted(image, Kind.VIRTUAL_SERVICE, VirtualServiceObject.class);
    this.gateways = sorted(image, Kind.GATEWAY, GatewayObject.class);
    this.priorityLabels = priorityLabels(image, rules);
  }

  private static Set<String> priorityLabels(
      RegistryImage image, Map<String, List<DestinationRuleObject>> rules) {
    Set<String> labels = new HashSet<>();
    add(labels, image.settings().localityLb());
    for (List<DestinationRuleObject> of : rules.values()) {
      for (DestinationRuleObject rule : of) {
        add(labels, rule.policy());
        rule.subsets().forEach(subset -> add(labels, subset.policy()));
      }
    }
    return Set.copyOf(labels);
  }

  private static void add(Set<String> labels, TrafficPolicy policy) {
    TrafficPolicy.LoadBalancer balancer = policy.loadBalancer();
    if (balancer != null && balancer.locality() != null) {
      add(labels, balancer.locality());
    }
  }

  private static void add(Set<String> labels, TrafficPolicy.LocalityLb setting) {
    setting.failoverPriority().forEach(entry -> labels.add(LocalityLb.labelName(entry)));
  }

  /** The labels of a proxy that some {@code failoverPriority} of the mesh names. */
  Map<String, String> priorityLabels(Map<String, String> labels) {
    Map<String, String> kept = new TreeMap<>(labels);
    kept.keySet().retainAll(priorityLabels);
    return kept;
  }

  /** The context of an image. */
  public static MeshContext of(RegistryImage image) {
    return new MeshContext(image, null, Set.of());
  }

  /**
   * The context of a later image in which no policy differs.
   *
   * @param changed every service that may differ
   */
  public MeshContext withServicesOf(RegistryImage next, Set<ServiceKey> changed) {
    return new MeshContext(next, this, changed);
  }

  private static <T extends MeshObject> List<T> sorted(
      RegistryImage image, Kind kind, Class<T> type) {
    return image
        .all(kind)
        .filter(type::isInstance)
        .map(type::cast)
        .sorted(Comparator.comparing(MeshObject::ref))
        .toList();
  }

  /** The image. */
  public RegistryImage image() {
    return image;
  }

  /** Services that the scope may see, in order of key. */
  public List<MeshService> visible(ProxyScope scope) {
    return services.stream().filter(s -> isVisible(s, scope)).toList();
  }

  static boolean isVisible(MeshService service, ProxyScope scope) {
    return service.visibleTo(scope.cluster(), scope.namespace());
  }

  /** All services, in order of key. */
  List<MeshService> all() {
    return services;
  }

  /**
   * Whether an east-west gateway may pass a service on to other clusters: some namespace may use
   * it, and it is neither external nor local to its cluster.
   */
  static boolean isCarried(MeshService service) {
    return !service.external()
        && !service.clusterLocal()
        && service.members().stream().anyMatch(m -> !m.reach().exportTo().equals(List.of("~")));
  }

  /** True when what proxies of a cluster see depends on the node they run on. */
  boolean nodesMatter(String cluster) {
    return nodeBound.contains(cluster) || priorityLabels.contains(Nearness.HOSTNAME);
  }

  /**
   * The virtual addresses that proxies of a scope listen on: those of their own cluster, and those
   * that a ServiceEntry names for the whole mesh as long as the own cluster does not use them.
   */
  List<String> virtualAddresses(MeshService service, ProxyScope scope) {
    Set<String> found = new java.util.LinkedHashSet<>();
    for (MeshService.Member member : service.members()) {
      boolean own = member.cluster().equals(scope.cluster());
      boolean everywhere = member.ref().kind() == Kind.SERVICE_ENTRY;
      for (String address : member.addresses()) {
        boolean dialled = !Literal.isAddress(address) || scope.families().has(address);
        if (dialled && (own || (everywhere && !isOwnAddress(scope.cluster(), address)))) {
          found.add(address);
        }
      }
    }
    return List.copyOf(found);
  }

  /**
   * The service that an ExternalName service stands for, through other aliases; empty when it is no
   * alias or its target is not in the mesh.
   */
  Optional<MeshService> aliased(MeshService service, ProxyScope scope) {
    if (service.aliasOf().isEmpty()) {
      return Optional.empty();
    }
    MeshService at = service;
    for (int hops = 0; hops < MAX_ALIASES && !at.aliasOf().isEmpty(); hops++) {
      MeshService next = byHost(at.aliasOf(), scope).orElse(null);
      if (next == null) {
        return Optional.empty();
      }
      at = next;
    }
    return at.aliasOf().isEmpty() ? Optional.of(at) : Optional.empty();
  }

  /** Services with an endpoint at one of the addresses of a cluster, in order of key. */
  List<MeshService> servicesAt(String cluster, List<String> addresses) {
    return addresses.stream()
        .flatMap(address -> workloads.at(cluster, address).stream())
        .distinct()
        .sorted()
        .map(image::service)
        .filter(Objects::nonNull)
        .toList();
  }

  /** The service of a host as the scope sees it: of its own namespace first. */
  Optional<MeshService> byHost(String host, ProxyScope scope) {
    List<MeshService> found =
        byHost.getOrDefault(host, List.of()).stream().filter(s -> isVisible(s, scope)).toList();
    return found.stream()
        .filter(s -> s.key().namespace().equals(scope.namespace()))
        .findFirst()
        .or(() -> found.stream().findFirst());
  }

  /** True when the cluster itself uses this virtual address. */
  boolean isOwnAddress(String cluster, String address) {
    return ownAddresses.getOrDefault(cluster, Set.of()).contains(address);
  }

  /**
   * The DestinationRule that governs a service for a scope: of the scope's own cluster before
   * others; within a cluster of the scope's namespace, then the service's, then the root namespace.
   */
  @Nullable DestinationRuleObject rule(MeshService service, ProxyScope scope) {
    return rules.getOrDefault(service.hostname(), List.of()).stream()
        .filter(r -> exported(r.exportTo(), r.ref().namespace(), scope.namespace()))
        .filter(r -> rank(r, service, scope) < 3)
        .min(
            Comparator.<DestinationRuleObject, Boolean>comparing(
                    r -> !r.ref().cluster().equals(scope.cluster()))
                .thenComparingInt(r -> rank(r, service, scope))
                .thenComparing(MeshObject::ref))
        .orElse(null);
  }

  private int rank(DestinationRuleObject rule, MeshService service, ProxyScope scope) {
    String namespace = rule.ref().namespace();
    if (namespace.equals(scope.namespace())) {
      return 0;
    }
    if (namespace.equals(service.key().namespace())) {
      return 1;
    }
    return namespace.equals(image.settings().rootNamespace()) ? 2 : 3;
  }

  static boolean exported(List<String> exportTo, String owner, String viewer) {
    return exportTo.isEmpty()
        || exportTo.contains("*")
        || exportTo.contains(viewer)
        || (exportTo.contains(".") && owner.equals(viewer));
  }

  /** VirtualServices bound to a gateway name ({@code mesh} or {@code namespace/name}). */
  List<VirtualServiceObject> virtualServices(String gateway, ProxyScope scope) {
    return virtualServices.stream()
        .filter(
            v -> v.gateways().isEmpty() ? "mesh".equals(gateway) : v.gateways().contains(gateway))
        .filter(v -> exported(v.exportTo(), v.ref().namespace(), scope.namespace()))
        .sorted(
            Comparator.comparing(
                    (VirtualServiceObject v) -> !v.ref().cluster().equals(scope.cluster()))
                .thenComparing(MeshObject::ref))
        .toList();
  }

  /**
   * Gateways whose selector matches the labels: those of the scope's own cluster, or where it holds
   * none, those of the clusters that do, as when one cluster holds the configuration of all.
   * Source: Istio reads Gateways from the config cluster, for proxies of every cluster.
   */
  List<GatewayObject> gateways(ProxyScope scope) {
    boolean holdsOwn = gateways.stream().anyMatch(g -> g.ref().cluster().equals(scope.cluster()));
    Set<String> names = new HashSet<>();
    return gateways.stream()
        .filter(g -> !holdsOwn || g.ref().cluster().equals(scope.cluster()))
        .filter(g -> scope.labels().entrySet().containsAll(g.selector().entrySet()))
        .filter(g -> names.add(g.ref().namespace() + "/" + g.ref().name()))
        .toList();
  }
}
