package io.portolan.registry.image;

import io.portolan.registry.model.MeshSettings;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Something about the federation that a person should look at: nothing is refused for it.
 *
 * @param about what it is about: {@code cluster x}, {@code network x}, {@code gateway x}, {@code
 *     service namespace/host}, {@code address x}
 * @param text what is, what was expected
 */
public record Concern(String about, String text) {
  /**
   * Everything of concern in an image, in a fixed order. Costs one pass over all endpoints: for
   * people, not for each step of the registry.
   */
  public static List<Concern> of(RegistryImage image) {
    List<Concern> found = new ArrayList<>();
    trustDomains(image, found);
    gateways(image, found);
    Survey survey = new Survey(image);
    survey.networks(found);
    survey.addresses(found);
    image.services().values().stream()
        .sorted(Comparator.comparing(MeshService::key))
        .forEach(
            service ->
                service
                    .notes()
                    .forEach(note -> found.add(new Concern("service " + service.key(), note))));
    return List.copyOf(found);
  }

  private static void trustDomains(RegistryImage image, List<Concern> found) {
    MeshSettings settings = image.settings();
    for (String cluster : new TreeSet<>(settings.clusters().keySet())) {
      String own = settings.trustDomainOf(cluster);
      if (!own.equals(settings.trustDomain())) {
        found.add(
            new Concern(
                "cluster " + cluster,
                "its trust domain is "
                    + own
                    + ", the mesh's is "
                    + settings.trustDomain()
                    + ": mutual TLS works only while its certificates chain to a root of the"
                    + " mesh"));
      }
    }
  }

  private static void gateways(RegistryImage image, List<Concern> found) {
    new TreeMap<>(image.gateways())
        .values().stream()
            .flatMap(List::stream)
            .filter(gateway -> !gateway.resolved())
            .forEach(
                gateway ->
                    found.add(
                        new Concern(
                            "gateway " + gateway.address(),
                            "its name has no address yet, so nothing is sent through it (source "
                                + gateway.source()
                                + ")")));
  }

  /** One pass over the endpoints of services. */
  private static final class Survey {
    private final RegistryImage image;
    private final Map<String, Set<String>> clustersOf = new TreeMap<>();
    private final Map<String, Integer> countOf = new TreeMap<>();
    private final Map<String, Set<String>> holders = new TreeMap<>();

    Survey(RegistryImage image) {
      this.image = image;
      for (MeshService service : image.services().values()) {
        for (Endpoint endpoint : service.endpoints()) {
          String network = endpoint.network();
          // What is outside the mesh concerns it where an entry says on which network it is.
          if (service.external() && network.isEmpty()) {
            continue;
          }
          clustersOf.computeIfAbsent(network, n -> new TreeSet<>()).add(endpoint.cluster());
          if (!service.clusterLocal()) {
            countOf.merge(network, 1, Integer::sum);
          }
          if (service.external()) {
            continue;
          }
          holders
              .computeIfAbsent(network + " " + endpoint.address(), a -> new TreeSet<>())
              .add(endpoint.cluster());
        }
      }
    }

    void networks(List<Concern> found) {
      if (clustersOf.size() < 2) {
        return;
      }
      clustersOf.forEach(
          (network, clusters) -> {
            int count = countOf.getOrDefault(network, 0);
            if (count == 0 || !image.gateways().getOrDefault(network, List.of()).isEmpty()) {
              return;
            }
            if (network.isEmpty()) {
              clusters.forEach(
                  cluster ->
                      found.add(
                          new Concern(
                              "cluster " + cluster,
                              "has endpoints whose network is not known: other networks cannot"
                                  + " reach them (expected the label topology.istio.io/network on"
                                  + " its "
                                  + image.settings().rootNamespace()
                                  + " namespace, or networks in mesh.yaml)")));
            } else {
              found.add(
                  new Concern(
                      "network " + network,
                      "has no gateway: "
                          + count
                          + " endpoint(s) of clusters "
                          + String.join(", ", clusters)
                          + " cannot be reached from other networks (expected a Service with the"
                          + " label topology.istio.io/network, or networks."
                          + network
                          + ".gateways)"));
            }
          });
    }

    void addresses(List<Concern> found) {
      holders.forEach(
          (place, clusters) -> {
            if (clusters.size() > 1) {
              int space = place.indexOf(' ');
              String address = place.substring(space + 1);
              found.add(
                  new Concern(
                      "address " + address,
                      Differences.sameAddress(address, place.substring(0, space), clusters)));
            }
          });
    }
  }
}
