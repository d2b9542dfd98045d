package io.portolan.registry.source.kubernetes;

import io.portolan.registry.source.objects.Finding;
import io.portolan.registry.source.objects.Findings;
import io.portolan.registry.source.objects.SettingsLayer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The mesh's settings in a ConfigMap of the own cluster: keys {@code mesh} and {@code meshNetworks}
 * as Istio has them, and {@code mesh.yaml} with a whole file of ours, which is above the two.
 *
 * <p>What cannot be read keeps its last good version, each key for itself; so does everything when
 * the ConfigMap is deleted. A copy on disk is for a start without the API server. Safe for any
 * thread.
 */
public final class MeshConfigMap implements ConfigMapReader.Sink {
  /** The keys that are read, the one on top first. */
  public static final List<String> KEYS = List.of("mesh.yaml", "mesh", "meshNetworks");

  private static final Logger LOG = LoggerFactory.getLogger(MeshConfigMap.class);

  private final ConfigMapReader.Which which;
  private final MeshConfigStore store;
  private final Executor saving;

  /** What was good in an earlier life of this process, by key. */
  private final @Nullable Map<String, String> copy;

  private final CompletableFuture<Void> first = new CompletableFuture<>();
  private final Map<String, SettingsLayer> good = new TreeMap<>();
  private final Map<String, String> texts = new TreeMap<>();
  private String version = "";
  private List<Finding> wrong = List.of();
  private String failure = "";
  private boolean forbidden;
  private boolean gone;
  private boolean known;
  private volatile List<SettingsLayer> layers = List.of();

  /**
   * @param store keeps the copy
   * @param saving runs the writing of the copy, one after another
   */
  public MeshConfigMap(ConfigMapReader.Which which, MeshConfigStore store, Executor saving) {
    this.which = which;
    this.store = store;
    this.saving = saving;
    this.copy = copy(store);
  }

  private static @Nullable Map<String, String> copy(MeshConfigStore store) {
    try {
      return store.read().map(ConfigMapObject::data).orElse(null);
    } catch (IOException e) {
      LOG.warn("copy of mesh settings not used reason=\"{}\"", e.getMessage());
      return null;
    }
  }

  /** Which ConfigMap it is. */
  public ConfigMapReader.Which which() {
    return which;
  }

  /** What it says, the layer on top first. */
  public List<SettingsLayer> layers() {
    return layers;
  }

  /** Done when it is known what it says, that it is not there, or that it may not be read. */
  public CompletableFuture<Void> first() {
    return first;
  }

  /** Whether an earlier life of this process knew what it says, be it that it is not there. */
  public boolean hasCopy() {
    return copy != null;
  }

  /** Takes what an earlier life of this process knew, where the API server has not told yet. */
  public synchronized void restore() {
    if (!known && copy != null) {
      take(copy);
      LOG.warn(
          "mesh settings restored from a copy config_map=\"{}\" keys={}", which, texts.keySet());
    }
  }

  @Override
  public synchronized void listed(Map<String, ConfigMapObject> all) {
    ConfigMapObject map = all.get(which.namespace());
    if (map == null) {
      answered();
      absent();
      first.complete(null);
    } else {
      put(map);
    }
  }

  @Override
  public synchronized void put(ConfigMapObject map) {
    if (!map.namespace().equals(which.namespace())
        || !map.name().equals(which.name())
        || (!gone && Versions.older(map.version(), version))) {
      return;
    }
    answered();
    gone = false;
    version = map.version();
    if (take(map.data())) {
      LOG.info(
          "mesh settings read config_map=\"{}\" resource_version={} keys={}",
          which,
          version,
          good.keySet());
      save();
    }
    first.complete(null);
  }

  @Override
  public synchronized void removed(String namespace) {
    if (namespace.equals(which.namespace())) {
      absent();
    }
  }

  private void absent() {
    if (good.isEmpty()) {
      wrong = List.of();
      save();
    } else if (!gone) {
      LOG.warn("mesh settings are gone, the last ones stay config_map=\"{}\"", which);
    }
    gone = true;
  }

  @Override
  public synchronized void failed(String reason, boolean refused) {
    failure = reason;
    forbidden = refused;
    if (refused) {
      first.complete(null);
    }
  }

  private void answered() {
    known = true;
    failure = "";
    forbidden = false;
  }

  /** Takes each key that can be read; true when something is another than before. */
  private boolean take(Map<String, String> data) {
    List<Finding> found = new ArrayList<>();
    boolean changed = false;
    for (String key : KEYS) {
      String text = data.getOrDefault(key, "");
      if (text.isBlank()) {
        changed |= good.remove(key) != null;
        texts.remove(key);
        continue;
      }
      String label = which + " key " + key;
      Findings findings = new Findings(label);
      SettingsLayer layer = SettingsLayer.read(label, text, findings).orElse(null);
      if (layer == null) {
        findings.info(0, "", "its last good version stays, where there is one");
        changed |= !good.containsKey(key) && earlier(key, label);
      } else {
        changed |= !layer.equals(good.put(key, layer));
        texts.put(key, text);
      }
      found.addAll(findings.list());
    }
    report(found);
    wrong = List.copyOf(found);
    layers = KEYS.stream().filter(good::containsKey).map(good::get).toList();
    return changed;
  }

  private boolean earlier(String key, String label) {
    String text = copy == null ? "" : copy.getOrDefault(key, "");
    if (text.isBlank()) {
      return false;
    }
    SettingsLayer layer = SettingsLayer.read(label, text, new Findings(label)).orElse(null);
    if (layer == null) {
      return false;
    }
    good.put(key, layer);
    texts.put(key, text);
    return true;
  }

  private void report(List<Finding> found) {
    for (Finding finding : found) {
      if (finding.severity() != Finding.Severity.INFO && !wrong.contains(finding)) {
        LOG.warn("{}", finding);
      }
    }
  }

  private void save() {
    ConfigMapObject copy =
        new ConfigMapObject(
            which.namespace(), which.name(), version, Map.of(), Map.of(), Map.copyOf(texts));
    saving.execute(
        () -> {
          try {
            store.write(copy);
          } catch (IOException e) {
            LOG.warn("mesh settings not copied to disk reason=\"{}\"", e.getMessage());
          }
        });
  }

  /** What is wrong with it now. */
  public synchronized List<Finding> findings() {
    List<Finding> all = new ArrayList<>(wrong);
    Findings more = new Findings(which.toString());
    if (!failure.isEmpty()) {
      String remedy =
          forbidden
              ? " (remedy: a role with list and watch on configmaps named "
                  + which.name()
                  + " in namespace "
                  + which.namespace()
                  + ", or --mesh-config-map off)"
              : "";
      more.warning(0, "", "cannot be read, what it said last stays: " + failure + remedy);
    } else if (gone && !good.isEmpty()) {
      more.warning(
          0,
          "",
          "is gone, what it said last stays until the next start (remedy: apply it again, with"
              + " empty keys where they are to say nothing)");
    }
    all.addAll(more.list());
    return all;
  }
}
