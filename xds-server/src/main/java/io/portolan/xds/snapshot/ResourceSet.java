package io.portolan.xds.snapshot;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The resources of one type that one proxy should hold: a layer shared with other proxies and a
 * small one of its own.
 */
public record ResourceSet(Layer shared, Layer own) {
  /** No resources. */
  public static final ResourceSet EMPTY = new ResourceSet(Layer.EMPTY, Layer.EMPTY);

  /**
   * @throws IllegalArgumentException when both layers have a name
   */
  public ResourceSet {
    for (EncodedResource resource : own.all()) {
      EncodedResource other = shared.get(resource.name());
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
  }

  /** The resource of this name, or null. */
  public @Nullable EncodedResource get(String name) {
    EncodedResource found = own.get(name);
    return found != null ? found : shared.get(name);
  }

  /** Number of resources. */
  public int size() {
    return shared.names().size() + own.names().size();
  }

  /** All resources, in order of name. */
  public List<EncodedResource> sorted() {
    return Stream.concat(shared.all().stream(), own.all().stream())
        .sorted(Comparator.comparing(EncodedResource::name))
        .toList();
  }

  /** What differs from an earlier set. */
  public SetDiff diffFrom(ResourceSet old) {
    SetDiff first = shared.diffFrom(old.shared);
    SetDiff second = own.diffFrom(old.own);
    if (second.isEmpty()) {
      if (first.removed().isEmpty() || own == Layer.EMPTY) {
        return first;
      }
    } else if (first.isEmpty() && second.removed().isEmpty()) {
      return second;
    }
    List<EncodedResource> changed = new ArrayList<>(first.changed());
    changed.addAll(second.changed());
    List<String> removed =
        Stream.concat(first.removed().stream(), second.removed().stream())
            .filter(name -> get(name) == null)
            .toList();
    return new SetDiff(changed, removed);
  }

  /** One version for the whole set. */
  public String version() {
    return own == Layer.EMPTY
        ? shared.version()
        : EncodedResource.hash((shared.version() + own.version()).getBytes(StandardCharsets.UTF_8));
  }
}
