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
import java.nio.file.Files;
import java.nio.file.Path;
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

  /** How long an API server may take to answer at all. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** The same where a copy of the last settings is there. */
  private static final Duration PATIENCE_WITH_COPY = Duration.ofSeconds(3);

  private MeshSettingsStart() {}

  /**
   * Waits until it is known what the ConfigMap says, or for the patience.
   *
   * @param file what {@code mesh.yaml} says, for the root namespace
   * @param saving runs the writing of copies
   * @return null when none is to be read
   * @throws IOException when the data directory cannot be made
   */
  static @Nullable MeshConfigMap read(
      ServerSettings settings, MeshSettings file, Executor saving, Clock clock) throws IOException {
    KubernetesSettings kubernetes = settings.kubernetes();
    if (kubernetes == null
        || kubernetes.cluster().isEmpty()
        || kubernetes.meshConfigMap().isEmpty()) {
      return null;
    }
    OwnerOnlyFiles.directory(settings.dataDirectory());
    Path copy = settings.dataDirectory().resolve(COPY);
    MeshConfigMap map =
        new MeshConfigMap(
            which(kubernetes.meshConfigMap(), file), new MeshConfigStore(copy), saving);
    if (OwnKubeconfig.read(kubernetes) instanceof KubeconfigParser.Usable usable) {
      await(
          map, kubernetes, usable, file, Files.exists(copy) ? PATIENCE_WITH_COPY : PATIENCE, clock);
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

  private static void await(
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
    } catch (TimeoutException e) {
      LOG.warn(
          "mesh settings not read in time, started without config_map=\"{}\" seconds={}",
          map.which(),
          patience.toSeconds());
    } catch (ExecutionException e) {
      throw new IllegalStateException("the first answer never fails", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      timer.shutdownNow();
    }
  }
}
