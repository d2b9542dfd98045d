package io.portolan.xds.view;

import io.portolan.registry.image.MeshService;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.image.ServiceKey;
import io.portolan.registry.model.DestinationRuleObject;
import io.portolan.registry.model.GatewayObject;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
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
  private final RegistryImage image;
  private final List<MeshService> services;
  private final Map<String, List<MeshService>> byHost = new HashMap<>();
  private final Map<String, List<DestinationRuleObject>> rules;
  private final List<VirtualServiceObject> virtualServices;
  private final List<GatewayObject> gateways;
  private final Map<String, Set<String>> ownAddresses = new TreeMap<>();
  private final WorkloadIndex workloads;

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
      return;
    }
    this.rules = new HashMap<>();
    sorted(image, Kind.DESTINATION_RULE, DestinationRuleObject.class)
        .forEach(r -> rules.computeIfAbsent(r.host(), h -> new ArrayList<>(1)).add(r));
    this.virtualServices = sorted(image, Kind.VIRTUAL_SERVICE, VirtualServiceObject.class);
    this.gateways = sorted(image, Kind.GATEWAY, GatewayObject.class);
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
    return services.stream().filter(s -> isVisible(s, scope.namespace())).toList();
  }

  static boolean isVisible(MeshService service, String namespace) {
    List<String> exportTo = service.exportTo();
    return exportTo.isEmpty()
        || exportTo.contains("*")
        || exportTo.contains(namespace)
        || (exportTo.contains(".") && service.key().namespace().equals(namespace));
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
        byHost.getOrDefault(host, List.of()).stream()
            .filter(s -> isVisible(s, scope.namespace()))
            .toList();
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

  /** Gateways whose selector matches the labels, those of the scope's own cluster only. */
  List<GatewayObject> gateways(ProxyScope scope) {
    return gateways.stream()
        .filter(g -> g.ref().cluster().equals(scope.cluster()))
        .filter(g -> scope.labels().entrySet().containsAll(g.selector().entrySet()))
        .toList();
  }
}
