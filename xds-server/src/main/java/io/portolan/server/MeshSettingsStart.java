package io.portolan.server;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.portolan.ca.store.OwnerOnlyFiles;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.source.kubernetes.ConfigMapReader;
import io.portolan.registry.source.kubernetes.MeshConfigMap;
import io.portolan.registry.source.kubernetes.MeshConfigStore;
import io.portolan.registry.source.kubernetes.ReaderSettings;
import io.portolan.registry.source.kubernetes.membership.ClientSettings;
import io.portolan.registry.source.kubernetes.membership.KubeconfigParser;
import io.portolan.registry.source.kubernetes.membership.KubernetesClients;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the ConfigMap with the mesh's settings before anything else starts: the trust domain in it
 * names the root.
 */
final class MeshSettingsStart {
  private static final Logger LOG = LoggerFactory.getLogger(MeshSettingsStart.class);
  private static final String COPY = "mesh-config-map.json";

  /** How long an API server may take where nothing is known without it. */
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  /** How long it may take where the trust domain is known. */
  private static final Duration PATIENCE_WHEN_KNOWN = Duration.ofSeconds(3);

  private MeshSettingsStart() {}

  /**
   * Waits until it is known what the ConfigMap says, or for the patience.
   *
   * @param file what {@code mesh.yaml} says, for the root namespace
   * @param trustDomainKnown {@code mesh.yaml} names it, and so the ConfigMap cannot
   * @param saving runs the writing of copies
   * @return null when none is to be read
   * @throws IOException when the data directory cannot be made, or the API server does not answer
   *     and nothing else says what the trust domain is: signing for another one is worse than not
   *     starting
   */
  static @Nullable MeshConfigMap read(
      ServerSettings settings,
      MeshSettings file,
      boolean trustDomainKnown,
      Executor saving,
      Clock clock)
      throws IOException {
    KubernetesSettings kubernetes = settings.kubernetes();
    if (kubernetes == null
        || kubernetes.cluster().isEmpty()
        || kubernetes.meshConfigMap().isEmpty()) {
      return null;
    }
    OwnerOnlyFiles.directory(settings.dataDirectory());
    MeshConfigMap map =
        new MeshConfigMap(
            which(kubernetes.meshConfigMap(), file),
            new MeshConfigStore(settings.dataDirectory().resolve(COPY)),
            saving);
    boolean known = trustDomainKnown || map.hasCopy();
    if (OwnKubeconfig.read(kubernetes) instanceof KubeconfigParser.Usable usable) {
      Duration patience = known ? PATIENCE_WHEN_KNOWN : PATIENCE;
      boolean answered = await(map, kubernetes, usable, file, patience, clock);
      if (!answered && !known) {
        throw new IOException(
            map.which()
                + ": the own cluster's API server does not tell in "
                + patience.toSeconds()
                + " s what the mesh's trust domain is"
                + map.findings().stream().map(f -> "; " + f.text()).findFirst().orElse("")
                + " (remedy: make it reachable, name trustDomain in mesh.yaml of --mesh, or"
                + " --mesh-config-map off)");
      }
    }
    map.restore();
    return map;
  }

  private static ConfigMapReader.Which which(String name, MeshSettings file) {
    int slash = name.indexOf('/');
    return slash < 0
        ? new ConfigMapReader.Which(file.rootNamespace(), name)
        : new ConfigMapReader.Which(name.substring(0, slash), name.substring(slash + 1));
  }

  /** True when it was answered. */
  private static boolean await(
      MeshConfigMap map,
      KubernetesSettings kubernetes,
      KubeconfigParser.Usable usable,
      MeshSettings file,
      Duration patience,
      Clock clock)
      throws IOException {
    ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("mesh-settings").factory());
    try (KubernetesClient client =
            new KubernetesClients(ClientSettings.of(Version.current()), clock)
                .open(usable.config());
        ConfigMapReader reader =
            new ConfigMapReader(
                kubernetes.cluster(),
                client,
                map.which(),
                ReaderSettings.of(file.rootNamespace(), file.domain()),
                map,
                timer,
                clock,
                RandomGenerator.getDefault())) {
      reader.start();
      var _ = map.first().get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      LOG.warn(
          "mesh settings not read in time config_map=\"{}\" seconds={}",
          map.which(),
          patience.toSeconds());
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("the first answer never fails", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      timer.shutdownNow();
    }
  }
}
