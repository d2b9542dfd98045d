package io.portolan.it.bench;

import io.portolan.it.Workspace;
import io.portolan.registry.change.Change;
import io.portolan.registry.change.ChangeSink;
import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.federation.Federation;
import io.portolan.registry.federation.FederationEvents;
import io.portolan.registry.federation.FederationOptions;
import io.portolan.registry.federation.LastGood;
import io.portolan.registry.image.RegistryDelta;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.ClusterHealth;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.MeshSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Cost of membership: reading 5,000 services with 50,000 endpoints, an equal replacement, the
 * snapshot on disk, and heap after 10,000 joins and leaves. Run it as a main class; arguments:
 * services, endpoints per service, joins.
 */
public final class FederationBench implements ChangeSink {
  private static final Set<Kind> KINDS = Set.of(Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.POD);

  private final Federation federation;
  private final MeshSettings settings;
  private RegistryImage image = RegistryImage.empty();
  private int changes;
  private long nanos;

  private FederationBench(Path directory, MeshSettings settings) {
    this.settings = settings;
    this.federation =
        new Federation(
            this,
            () -> image,
            () -> this.settings,
            new LastGood(directory, LastGood.DEFAULT_MAX_BYTES, Runnable::run),
            FederationEvents.NONE,
            FederationOptions.DEFAULT,
            Instant::now,
            () -> nanos);
  }

  @Override
  public void offer(String source, List<Change> offered) {
    changes += offered.size();
    RegistryDelta delta = new RegistryDelta();
    offered.forEach(delta::add);
    image = delta.apply(image).after();
  }

  @Override
  public void synced(String source) {}

  private void second() {
    nanos += Duration.ofSeconds(1).toNanos();
    federation.tick();
  }

  /** Prints one line per figure. */
  public static void main(String[] args) throws IOException {
    int services = args.length > 0 ? Integer.parseInt(args[0]) : 5_000;
    int each = args.length > 1 ? Integer.parseInt(args[1]) : 10;
    int joins = args.length > 2 ? Integer.parseInt(args[2]) : 10_000;
    Path directory = Files.createTempDirectory("federation-bench");
    try {
      Map<Kind, List<MeshObject>> objects = objects(services, each);
      long before = RegistryBench.heap();
      FederationBench bench = new FederationBench(directory, MeshSettings.DEFAULT);
      long start = System.nanoTime();
      list(bench.federation.join("c0", KINDS), objects);
      RegistryBench.print(
          "first read of "
              + services
              + " services, "
              + services * each
              + " endpoints, with its image",
          RegistryBench.millis(start));
      System.out.printf(
          Locale.ROOT,
          "heap per endpoint of arena and image, model objects apart: %d bytes%n",
          (RegistryBench.heap() - before) / ((long) services * each));
      int mark = bench.changes;
      start = System.nanoTime();
      list(bench.federation.join("c0", KINDS), objects(services, each));
      RegistryBench.print(
          "replacement that reads the same, " + (bench.changes - mark) + " changes",
          RegistryBench.millis(start));
      start = System.nanoTime();
      bench.second();
      Path file = directory.resolve("c0.snapshot");
      RegistryBench.print(
          "snapshot written, " + Files.size(file) + " bytes", RegistryBench.millis(start));
      FederationBench again = new FederationBench(directory, MeshSettings.DEFAULT);
      start = System.nanoTime();
      again.federation.restoreKnown();
      for (int i = 0; i < 4; i++) {
        again.second();
      }
      RegistryBench.print(
          "snapshot read and restored, " + again.changes + " changes", RegistryBench.millis(start));
      churn(directory, joins);
    } finally {
      Workspace.deleteTree(directory);
    }
  }

  private static void churn(Path directory, int joins) {
    MeshSettings base = MeshSettings.DEFAULT;
    ClusterHealth health = base.clusterHealth();
    FederationBench bench =
        new FederationBench(
            directory,
            new MeshSettings(
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
                new ClusterHealth(
                    health.controlFailedAfter(),
                    health.controlSilentAfter(),
                    health.recovery(),
                    health.startGrace(),
                    health.restoreAfter(),
                    health.relist(),
                    new ClusterHealth.Drain(Duration.ZERO, Duration.ZERO),
                    health.rules(),
                    health.clusters())));
    Map<Kind, List<MeshObject>> objects = objects(2, 2);
    long heap = 0;
    long start = System.nanoTime();
    for (int i = 0; i < joins; i++) {
      if (i == joins / 10) {
        heap = RegistryBench.heap();
      }
      list(bench.federation.join("c0", KINDS), objects);
      bench.federation.leave("c0");
    }
    RegistryBench.print(joins + " joins and leaves", RegistryBench.millis(start));
    System.out.printf(
        Locale.ROOT,
        "heap after %d joins and leaves against %d: %+d bytes; members left: %d%n",
        joins,
        joins / 10,
        RegistryBench.heap() - heap,
        bench.federation.status().size());
  }

  private static void list(ClusterFeed feed, Map<Kind, List<MeshObject>> objects) {
    KINDS.forEach(kind -> feed.listed(kind, objects.getOrDefault(kind, List.of())));
  }

  private static Map<Kind, List<MeshObject>> objects(int services, int each) {
    Map<Kind, List<MeshObject>> objects = new EnumMap<>(Kind.class);
    for (int s = 0; s < services; s++) {
      for (Change change : RegistryBench.service(s, each, Health.HEALTHY)) {
        if (change instanceof Change.Put(MeshObject object)) {
          objects.computeIfAbsent(object.ref().kind(), k -> new ArrayList<>()).add(object);
        }
      }
    }
    return objects;
  }
}
