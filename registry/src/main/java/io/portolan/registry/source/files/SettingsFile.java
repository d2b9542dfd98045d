package io.portolan.registry.source.files;

import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.source.objects.Finding;
import io.portolan.registry.source.objects.Findings;
import io.portolan.registry.source.objects.SettingsLayer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code mesh.yaml} laid over what other places say about the mesh. Its last good version stays
 * when it is broken or gone. Not thread-safe.
 */
final class SettingsFile {
  private final String name;
  private final Supplier<List<SettingsLayer>> below;
  private final @Nullable MeshSettings started;
  private @Nullable SettingsLayer own;
  private List<SettingsLayer> lower = List.of();
  private List<Finding> findings = List.of();
  private List<Finding> pinned = List.of();
  private boolean missing = true;
  private boolean merged;

  /**
   * @param name of the file, for findings
   * @param below what holds where the file says nothing, the first layer on top
   * @param started the settings the process was started with, whose names it cannot change while it
   *     runs; null when it can
   */
  SettingsFile(String name, Supplier<List<SettingsLayer>> below, @Nullable MeshSettings started) {
    this.name = name;
    this.below = below;
    this.started = started;
  }

  /** The file is not there. */
  void missing() {
    missing = true;
    findings = List.of();
  }

  /** The file holds this text. */
  void read(String text) {
    missing = false;
    Findings found = new Findings(name);
    SettingsLayer.read(name, text, found)
        .ifPresent(
            layer -> {
              own = layer;
              merged = false;
            });
    findings = found.list();
  }

  /** The file cannot be read. */
  void failed(IOException e) {
    Findings found = new Findings(name);
    found.error(0, "", "cannot be read: " + e.getMessage());
    findings = found.list();
  }

  /** The settings now, null when nothing has changed since they were asked for. */
  @Nullable MeshSettings merged() {
    List<SettingsLayer> now = below.get();
    if (merged && now.equals(lower)) {
      return null;
    }
    lower = now;
    merged = true;
    List<SettingsLayer> layers = new ArrayList<>();
    SettingsLayer top = own;
    if (top != null) {
      layers.add(top);
    }
    layers.addAll(now);
    MeshSettings settings = SettingsLayer.merge(layers);
    return started == null ? settings : pinned(settings, started, layers);
  }

  /** Certificates and readers were made with these names. */
  private MeshSettings pinned(MeshSettings now, MeshSettings then, List<SettingsLayer> layers) {
    List<Finding> found = new ArrayList<>();
    pin("trustDomain", now.trustDomain(), then.trustDomain(), layers, found);
    pin("rootNamespace", now.rootNamespace(), then.rootNamespace(), layers, found);
    pin("domainSuffix", now.domain(), then.domain(), layers, found);
    pinned = List.copyOf(found);
    return now.named(then.trustDomain(), then.rootNamespace(), then.domain());
  }

  private void pin(
      String field, String now, String then, List<SettingsLayer> layers, List<Finding> found) {
    if (!now.equals(then)) {
      String label =
          layers.stream()
              .filter(l -> l.names(field))
              .map(SettingsLayer::label)
              .findFirst()
              .orElse(name);
      found.add(
          new Finding(
              Finding.Severity.WARNING,
              label,
              0,
              "",
              field,
              "'" + now + "' holds from the next start on; '" + then + "' does until then"));
    }
  }

  /** Whether the file itself says something about a top-level field. */
  boolean names(String field) {
    SettingsLayer top = own;
    return top != null && top.names(field);
  }

  /** What is wrong with the file, and with what it makes together with the others. */
  List<Finding> findings() {
    List<Finding> all = new ArrayList<>(findings);
    all.addAll(pinned);
    if (missing && lower.isEmpty()) {
      all.add(
          new Finding(
              Finding.Severity.WARNING, name, 0, "", "", "is missing: built-in settings hold"));
    }
    return all;
  }
}
