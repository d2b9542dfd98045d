package io.portolan.xds.push;

import io.portolan.registry.image.Endpoint;
import io.portolan.registry.image.ImageChange;
import io.portolan.registry.image.MeshService;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.image.ServiceKey;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Steps of the registry that have not been pushed yet, as one. */
final class PendingChange {
  private final RegistryImage before;
  private RegistryImage after;
  private final Set<ServiceKey> services = new HashSet<>();
  private boolean policies;
  private boolean everything;

  PendingChange(ImageChange first) {
    this.before = first.before();
    this.after = first.after();
    add(first);
  }

  void add(ImageChange next) {
    after = next.after();
    services.addAll(next.services());
    policies |= next.policies() || next.settings();
    everything |= next.policies() || next.settings() || next.gateways() || next.conditions();
    for (ServiceKey key : next.services()) {
      everything |= !sameShape(next.before().service(key), next.after().service(key));
    }
  }

  RegistryImage after() {
    return after;
  }

  Set<ServiceKey> services() {
    return services;
  }

  /** Policies or settings differ. */
  boolean policies() {
    return policies;
  }

  /** More differs than endpoints of services. */
  boolean everything() {
    return everything;
  }

  /** Cluster and address of workloads whose endpoints differ, as {@code cluster|address}. */
  Set<String> touchedWorkloads() {
    Set<String> touched = new HashSet<>();
    for (ServiceKey key : services) {
      Map<String, Endpoint> old = byPlace(before.service(key));
      Map<String, Endpoint> now = byPlace(after.service(key));
      old.forEach(
          (place, endpoint) -> {
            if (!Objects.equals(now.get(place), endpoint)) {
              touched.add(place);
            }
          });
      now.keySet().stream().filter(place -> !old.containsKey(place)).forEach(touched::add);
    }
    return touched;
  }

  private static Map<String, Endpoint> byPlace(@Nullable MeshService service) {
    Map<String, Endpoint> map = new HashMap<>();
    if (service != null) {
      service.endpoints().forEach(e -> map.put(e.cluster() + "|" + e.address(), e));
    }
    return map;
  }

  private static boolean sameShape(@Nullable MeshService a, @Nullable MeshService b) {
    return a != null
        && b != null
        && a.members().equals(b.members())
        && a.ports().equals(b.ports())
        && a.resolution() == b.resolution()
        && a.external() == b.external()
        && a.clusterLocal() == b.clusterLocal()
        && a.aliasOf().equals(b.aliasOf())
        // Listeners and routes of a headless service name its pods.
        && (!a.headless() || a.endpoints().equals(b.endpoints()));
  }
}
