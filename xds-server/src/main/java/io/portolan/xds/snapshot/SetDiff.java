package io.portolan.xds.snapshot;

import java.util.Comparator;
import java.util.List;

/**
 * The difference of two sets.
 *
 * @param changed resources that are new or have another version, in order of name
 * @param removed names that are gone, in order
 */
public record SetDiff(List<EncodedResource> changed, List<String> removed) {
  /** Nothing differs. */
  public static final SetDiff NONE = new SetDiff(List.of(), List.of());

  public SetDiff {
    changed = changed.stream().sorted(Comparator.comparing(EncodedResource::name)).toList();
    removed = removed.stream().sorted().toList();
  }

  /** True when nothing differs. */
  public boolean isEmpty() {
    return changed.isEmpty() && removed.isEmpty();
  }
}
