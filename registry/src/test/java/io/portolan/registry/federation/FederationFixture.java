package io.portolan.registry.federation;

import io.portolan.registry.change.Change;
import io.portolan.registry.change.ChangeSink;
import io.portolan.registry.image.RegistryDelta;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.ClusterHealth;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.PodObject;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.model.ServicePort;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;

/** A federation on a fake clock whose offers are applied to an image at once. */
final class FederationFixture implements ChangeSink, FederationEvents {
  static final Set<Kind> KINDS = Set.of(Kind.SERVICE, Kind.POD);

  final List<List<Change>> offers = new ArrayList<>();
  final List<String> synced = new ArrayList<>();
  final Map<String, Integer> held = new LinkedHashMap<>();
  final List<String> gone = new ArrayList<>();
  final List<String> replaced = new ArrayList<>();
  int transitions;
  int snapshotFailures;
  MeshSettings settings = MeshSettings.DEFAULT;
  RegistryImage image = RegistryImage.empty();
  long nanos = 77;
  Instant wall = Instant.parse("2026-01-02T03:04:05Z");
  final Federation federation;

  FederationFixture(Path directory, FederationOptions options, Executor io) {
    this.federation =
        new Federation(
            this,
            () -> image,
            () -> settings,
            new LastGood(directory, 1 << 20, io),
            this,
            options,
            () -> wall,
            () -> nanos);
  }

  FederationFixture(Path directory) {
    this(directory, FederationOptions.DEFAULT, Runnable::run);
  }

  /** Lets seconds pass, with a tick each. */
  void pass(long seconds) {
    for (long i = 0; i < seconds; i++) {
      nanos += Duration.ofSeconds(1).toNanos();
      wall = wall.plusSeconds(1);
      federation.tick();
    }
  }

  /** The same mesh with other times: start grace, time to drain. */
  void times(Duration startGrace, ClusterHealth.Drain drain) {
    ClusterHealth base = ClusterHealth.DEFAULT;
    settings =
        withHealth(
            new ClusterHealth(
                base.controlFailedAfter(),
                base.controlSilentAfter(),
                base.recovery(),
                startGrace,
                base.restoreAfter(),
                base.relist(),
                drain,
                base.rules(),
                base.clusters()));
  }

  static MeshSettings withHealth(ClusterHealth health) {
    MeshSettings base = MeshSettings.DEFAULT;
    return new MeshSettings(
        base.trustDomain(),
        base.rootNamespace(),
        base.domain(),
        base.clusters(),
        base.networks(),
        base.registryOnly(),
        base.connectTimeout(),
        base.defaultRetries(),
        base.localityLb(),
        base.probe(),
        health);
  }

  @Override
  public synchronized void offer(String source, List<Change> changes) {
    offers.add(List.copyOf(changes));
    RegistryDelta delta = new RegistryDelta();
    changes.forEach(delta::add);
    image = delta.apply(image).after();
  }

  @Override
  public void synced(String source) {
    synced.add(source);
  }

  @Override
  public void transition(String cluster, ClusterCondition from, ClusterCondition to) {
    transitions++;
  }

  @Override
  public void heldDown(String cluster, Kind kind) {
    held.merge(cluster + "/" + kind, 1, Integer::sum);
  }

  @Override
  public void snapshotFailed(String cluster) {
    snapshotFailures++;
  }

  @Override
  public void replaced(String cluster) {
    replaced.add(cluster);
  }

  @Override
  public void gone(String cluster) {
    gone.add(cluster);
  }

  /** Changes of objects offered since a mark in {@link #offers}. */
  List<Change> objectChangesSince(int mark) {
    return offers.subList(mark, offers.size()).stream()
        .flatMap(List::stream)
        .filter(c -> c instanceof Change.Put || c instanceof Change.Remove)
        .toList();
  }

  MemberStatus status(String cluster) {
    return federation.status().stream()
        .filter(s -> s.cluster().equals(cluster))
        .findFirst()
        .orElseThrow(() -> new AssertionError(cluster + " is no member"));
  }

  ClusterCondition condition(String cluster) {
    return image.condition(cluster);
  }

  /** Objects of a kind in the image. */
  int inImage(String cluster, Kind kind) {
    var found = image.clusters().get(cluster);
    return found == null ? 0 : found.count(kind);
  }

  static List<MeshObject> services(String cluster, int count) {
    List<MeshObject> list = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      list.add(service(cluster, i, 80));
    }
    return list;
  }

  static MeshObject service(String cluster, int number, int port) {
    return new ServiceObject(
        new ObjectRef(cluster, Kind.SERVICE, "n", "s" + number),
        new Origin("/api/v1/services", 0),
        ServiceObject.Type.CLUSTER_IP,
        "",
        List.of("10.0.0." + number),
        List.of(),
        List.of(ServicePort.of(port, "http", PortProtocol.HTTP)),
        Map.of("app", "a" + number),
        Map.of(),
        Map.of(),
        false);
  }

  static List<MeshObject> pods(String cluster, int count, String prefix) {
    List<MeshObject> list = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      list.add(pod(cluster, prefix + i));
    }
    return list;
  }

  static MeshObject pod(String cluster, String name) {
    return new PodObject(
        new ObjectRef(cluster, Kind.POD, "n", name),
        new Origin("/api/v1/pods", 0),
        List.of("10.1.0." + Math.floorMod(name.hashCode(), 250)),
        Map.of("app", "a0"),
        "default",
        "node",
        Health.HEALTHY,
        List.of(),
        "",
        "");
  }
}
