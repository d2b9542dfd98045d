package io.portolan.xds.snapshot;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Resources of one type that some proxies share. The difference to an earlier layer is computed
 * once and shared by all of them. Immutable; safe for any thread.
 */
public final class Layer {
  /** No resources. */
  public static final Layer EMPTY = new Layer(Map.of());

  private final Map<String, EncodedResource> resources;
  private volatile @Nullable Known known;
  private volatile @Nullable String version;

  private record Known(Layer old, SetDiff diff) {}

  private Layer(Map<String, EncodedResource> resources) {
    this.resources = resources;
  }

  /**
   * A layer of these resources.
   *
   * @throws IllegalArgumentException when two have one name; the message names both sources
   */
  public static Layer of(Collection<EncodedResource> resources) {
    Map<String, EncodedResource> map = HashMap.newHashMap(resources.size());
    for (EncodedResource resource : resources) {
      EncodedResource other = map.put(resource.name(), resource);
      if (other != null) {
        throw new IllegalArgumentException(
            resource.type().shortName()
                + " "
                + resource.name()
                + " is made twice: from "
                + other.sources()
                + " and from "
                + resource.sources());
      }
    }
    return map.isEmpty() ? EMPTY : new Layer(map);
  }

  /**
   * This layer with some resources replaced and some gone. Unchanged content keeps the old
   * instance, and a layer in which nothing changed is this one.
   */
  public Layer derive(Collection<EncodedResource> replaced, Collection<String> gone) {
    List<EncodedResource> changed = new ArrayList<>();
    for (EncodedResource resource : replaced) {
      EncodedResource old = resources.get(resource.name());
      if (old == null || !old.version().equals(resource.version())) {
        changed.add(resource);
      }
    }
    List<String> removed = gone.stream().filter(resources::containsKey).toList();
    if (changed.isEmpty() && removed.isEmpty()) {
      return this;
    }
    Map<String, EncodedResource> map = new HashMap<>(resources);
    removed.forEach(map::remove);
    changed.forEach(r -> map.put(r.name(), r));
    Layer next = new Layer(map);
    next.known = new Known(this, new SetDiff(changed, removed));
    return next;
  }

  /** Hash of all names and versions in order; computed once. */
  public String version() {
    String text = version;
    if (text == null) {
      StringBuilder all = new StringBuilder();
      resources.values().stream()
          .sorted(Comparator.comparing(EncodedResource::name))
          .forEach(r -> all.append(r.name()).append('\0').append(r.version()).append('\n'));
      text = EncodedResource.hash(all.toString().getBytes(StandardCharsets.UTF_8));
      version = text;
    }
    return text;
  }

  /** The layer of exactly these resources; unchanged content keeps its old instance. */
  public Layer becoming(Collection<EncodedResource> made) {
    Layer next = of(made);
    return derive(made, resources.keySet().stream().filter(n -> next.get(n) == null).toList());
  }

  /** The resource of this name, or null. */
  public @Nullable EncodedResource get(String name) {
    return resources.get(name);
  }

  /** All names. */
  public Set<String> names() {
    return resources.keySet();
  }

  /** All resources, in no order. */
  public Collection<EncodedResource> all() {
    return resources.values();
  }

  /** What differs from an earlier layer. */
  public SetDiff diffFrom(Layer old) {
    if (old == this) {
      return SetDiff.NONE;
    }
    Known last = known;
    if (last != null && last.old == old) {
      return last.diff;
    }
    List<EncodedResource> changed = new ArrayList<>();
    for (EncodedResource resource : resources.values()) {
      EncodedResource before = old.get(resource.name());
      if (before == null || !before.version().equals(resource.version())) {
        changed.add(resource);
      }
    }
    List<String> removed =
        old.names().stream().filter(name -> !resources.containsKey(name)).toList();
    SetDiff diff = new SetDiff(changed, removed);
    known = new Known(old, diff);
    return diff;
  }
}
