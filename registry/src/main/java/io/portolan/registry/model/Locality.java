package io.portolan.registry.model;

import java.util.Comparator;
import java.util.List;

/**
 * A place, from coarse to fine; an empty part is unknown. Source of the three levels: Envoy's
 * {@code core.v3.Locality} and the Kubernetes labels {@code topology.kubernetes.io/region|zone} and
 * {@code topology.istio.io/subzone}.
 */
public record Locality(String region, String zone, String subzone) implements Comparable<Locality> {
  /** Nothing is known. */
  public static final Locality UNKNOWN = new Locality("", "", "");

  private static final Comparator<Locality> ORDER =
      Comparator.comparing(Locality::region)
          .thenComparing(Locality::zone)
          .thenComparing(Locality::subzone);

  /**
   * Parses {@code region[/zone[/subzone]]}, the form of {@code istio-locality}; a slash at the end
   * means nothing.
   *
   * @throws IllegalArgumentException when there are more than three parts
   */
  public static Locality parse(String text) {
    String bare = text;
    while (bare.endsWith("/")) {
      bare = bare.substring(0, bare.length() - 1);
    }
    var parts = List.of(bare.split("/", -1));
    if (parts.size() > 3) {
      throw new IllegalArgumentException(
          "locality '" + text + "' has " + parts.size() + " parts (expected region/zone/subzone)");
    }
    return new Locality(
        parts.get(0), parts.size() > 1 ? parts.get(1) : "", parts.size() > 2 ? parts.get(2) : "");
  }

  /** True when nothing is known. */
  public boolean isUnknown() {
    return region.isEmpty() && zone.isEmpty() && subzone.isEmpty();
  }

  /** This locality with unknown parts taken from {@code fallback} when the coarser parts agree. */
  public Locality orElse(Locality fallback) {
    return isUnknown() ? fallback : this;
  }

  @Override
  public int compareTo(Locality other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    if (zone.isEmpty()) {
      return region;
    }
    return subzone.isEmpty() ? region + "/" + zone : region + "/" + zone + "/" + subzone;
  }
}
