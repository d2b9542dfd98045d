package io.portolan.registry.source.objects;

import io.portolan.registry.model.MeshSettings;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Settings of the mesh from one place. Where several places say something, each top-level field
 * comes whole from the first one that names it, as Istio lays its mesh configuration over a shared
 * one.
 *
 * @param label of the place, for people
 * @param tree without errors
 */
public record SettingsLayer(String label, Tree.Mapping tree) {

  /**
   * Reads a text of settings.
   *
   * @return empty when it cannot be used; findings say why
   */
  public static Optional<SettingsLayer> read(String label, String text, Findings findings) {
    List<Tree> documents = YamlText.documents(label, text, findings);
    if (documents == null) {
      return Optional.empty();
    }
    if (documents.size() != 1 || !(documents.getFirst() instanceof Tree.Mapping mapping)) {
      findings.error(1, "", "expected one document with the settings of the mesh");
      return Optional.empty();
    }
    int mark = findings.mark();
    var _ = SettingsReader.read(new Fields(mapping, "", findings));
    return findings.hasErrorsSince(mark)
        ? Optional.empty()
        : Optional.of(new SettingsLayer(label, mapping));
  }

  /** Whether it says something about a top-level field. */
  public boolean names(String field) {
    return tree.entries().stream()
        .anyMatch(e -> e.key().equals(field) && !(e.value() instanceof Tree.Nothing));
  }

  /** The settings that layers make together, the first one on top; built-in ones for none. */
  public static MeshSettings merge(List<SettingsLayer> layers) {
    List<Tree.Entry> entries = new ArrayList<>();
    Set<String> named = new HashSet<>();
    for (SettingsLayer layer : layers) {
      for (Tree.Entry entry : layer.tree().entries()) {
        if (!(entry.value() instanceof Tree.Nothing) && named.add(entry.key())) {
          entries.add(entry);
        }
      }
    }
    if (entries.isEmpty()) {
      return MeshSettings.DEFAULT;
    }
    // What is wrong with a layer was said when it was read.
    return SettingsReader.read(
        new Fields(new Tree.Mapping(entries, 0), "", new Findings("", false)));
  }
}
