package io.portolan.registry.image;

import io.portolan.registry.change.Change;
import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.ObjectRef;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Changes gathered since the last image. Later changes of an object replace earlier ones, so a
 * storm costs one entry per object. Not thread-safe: owned by the loop thread.
 */
public final class RegistryDelta {
  private final Map<ObjectRef, Optional<MeshObject>> objects = new LinkedHashMap<>();
  private final Set<String> dropped = new HashSet<>();
  private final Map<NetworkGateway.Key, GatewayState> gatewayStates = new LinkedHashMap<>();
  private final Map<String, ClusterCondition> conditions = new LinkedHashMap<>();
  private final Map<String, java.util.List<String>> hosts = new LinkedHashMap<>();
  private @Nullable MeshSettings settings;

  /** Adds one change. */
  public void add(Change change) {
    switch (change) {
      case Change.Put put -> objects.put(put.object().ref(), Optional.of(put.object()));
      case Change.Remove remove -> objects.put(remove.ref(), Optional.empty());
      case Change.DropCluster drop -> {
        dropped.add(drop.cluster());
        objects.keySet().removeIf(ref -> ref.cluster().equals(drop.cluster()));
        conditions.remove(drop.cluster());
      }
      case Change.Condition next -> conditions.put(next.cluster(), next.condition());
      case Change.Settings next -> settings = next.settings();
      case Change.GatewayHealth health ->
          gatewayStates.put(
              new NetworkGateway.Key(health.network(), health.address(), health.port()),
              new GatewayState(health.up(), health.reason()));
      case Change.HostAddresses next -> hosts.put(next.host(), next.addresses());
    }
  }

  /** True when nothing was added. */
  public boolean isEmpty() {
    return objects.isEmpty()
        && dropped.isEmpty()
        && conditions.isEmpty()
        && settings == null
        && hosts.isEmpty()
        && gatewayStates.isEmpty();
  }

  /** Number of gathered entries. */
  public int size() {
    return objects.size()
        + dropped.size()
        + conditions.size()
        + gatewayStates.size()
        + hosts.size()
        + (settings == null ? 0 : 1);
  }

  /**
   * Two deltas which, applied one after the other, give the same image; none when this delta cannot
   * be taken apart. They share what they hold with this one, which must not be used any more.
   */
  public List<RegistryDelta> halves() {
    int rest = size() - objects.size();
    if (objects.size() < (rest == 0 ? 2 : 1)) {
      return List.of();
    }
    int first = rest == 0 ? objects.size() / 2 : (objects.size() - 1) / 2;
    RegistryDelta one = new RegistryDelta();
    RegistryDelta two = new RegistryDelta();
    objects.forEach(
        (ref, object) -> (first > one.objects.size() ? one : two).objects.put(ref, object));
    one.dropped.addAll(dropped);
    one.gatewayStates.putAll(gatewayStates);
    one.conditions.putAll(conditions);
    one.hosts.putAll(hosts);
    one.settings = settings;
    return List.of(one, two);
  }

  /** What it holds, for the log: one object by its ref, more by their number. */
  @Override
  public String toString() {
    return size() == 1 && !objects.isEmpty()
        ? String.valueOf(objects.keySet().iterator().next())
        : size() + " changes";
  }

  /** The next image, sharing every section that no change touched. */
  public ImageChange apply(RegistryImage before) {
    MeshSettings nextSettings = settings == null ? before.settings() : settings;
    Affected affected = new Affected(before.settings(), nextSettings, before.clusters());
    var clusters = before.clusters();
    var nextConditions = before.conditions().minusAll(dropped).plusAll(conditions);
    for (String id : dropped) {
      ClusterImage gone = clusters.get(id);
      if (gone != null) {
        for (Kind kind : Kind.values()) {
          gone.all(kind).forEach(object -> affected.object(gone, object, null));
        }
        clusters = clusters.minus(id);
      }
    }
    for (var entry : objects.entrySet()) {
      ObjectRef ref = entry.getKey();
      ClusterImage cluster =
          clusters.getOrDefault(ref.cluster(), ClusterImage.empty(ref.cluster()));
      MeshObject old = cluster.get(ref);
      MeshObject next = entry.getValue().orElse(null);
      if (java.util.Objects.equals(old, next)) {
        continue;
      }
      ClusterImage changed = next == null ? cluster.without(ref) : cluster.with(next);
      clusters =
          changed.isEmpty() ? clusters.minus(ref.cluster()) : clusters.plus(ref.cluster(), changed);
      affected.object(changed, old, next);
      affected.object(cluster, next, old);
    }
    var states = before.gatewayStates().plusAll(gatewayStates);
    var nextHosts = before.hostAddresses();
    for (var entry : hosts.entrySet()) {
      nextHosts =
          entry.getValue().isEmpty()
              ? nextHosts.minus(entry.getKey())
              : nextHosts.plus(entry.getKey(), entry.getValue());
    }
    return finish(before, nextSettings, clusters, nextConditions, states, nextHosts, affected);
  }

  private static ImageChange finish(
      RegistryImage before,
      MeshSettings settings,
      org.pcollections.PMap<String, ClusterImage> clusters,
      org.pcollections.PMap<String, ClusterCondition> conditions,
      org.pcollections.PMap<NetworkGateway.Key, GatewayState> states,
      org.pcollections.PMap<String, java.util.List<String>> hosts,
      Affected affected) {
    affected.resolve(clusters);
    affected.resolveReferences(clusters.values());
    boolean settingsChanged = !settings.equals(before.settings());
    if (settingsChanged || affected.everything()) {
      affected.all(before.clusters().values());
      affected.all(clusters.values());
    }
    ServiceAssembler assembler = new ServiceAssembler(settings, clusters);
    var services = before.services();
    Set<ServiceKey> changedServices = new HashSet<>();
    for (ServiceKey key : affected.services()) {
      MeshService old = services.get(key);
      MeshService next = assembler.assemble(key);
      if (!java.util.Objects.equals(old, next)) {
        services = next == null ? services.minus(key) : services.plus(key, next);
        changedServices.add(key);
      }
    }
    Map<String, java.util.List<NetworkGateway>> gateways = before.gateways();
    boolean hostsChanged = !hosts.equals(before.hostAddresses());
    if (settingsChanged
        || hostsChanged
        || affected.gateways()
        || !states.equals(before.gatewayStates())) {
      var found = new GatewayFinder(settings, clusters, states, hosts).find();
      gateways = found.equals(gateways) ? gateways : found;
    }
    RegistryImage after =
        new RegistryImage(
            before.generation() + 1,
            settings,
            clusters,
            conditions,
            states,
            hosts,
            services,
            gateways);
    return new ImageChange(
        before,
        after,
        changedServices,
        affected.policies(),
        hostsChanged || !gateways.equals(before.gateways()),
        !conditions.equals(before.conditions()),
        settingsChanged,
        affected.workloads());
  }
}
