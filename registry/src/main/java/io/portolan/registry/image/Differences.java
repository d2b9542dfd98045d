package io.portolan.registry.image;

import io.portolan.registry.model.ServicePort;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What the clusters of one service say differently. Nothing is refused for it; it is reported. */
final class Differences {
  private Differences() {}

  static List<String> of(List<MeshService.Member> members, List<Endpoint> endpoints) {
    List<String> notes = new ArrayList<>();
    ports(members, notes);
    addresses(endpoints, notes);
    return notes;
  }

  private static void ports(List<MeshService.Member> members, List<String> notes) {
    Set<String> clusters = new TreeSet<>();
    Map<Integer, Map<String, ServicePort>> byNumber = new TreeMap<>();
    for (MeshService.Member member : members) {
      clusters.add(member.cluster());
      for (ServicePort port : member.ports()) {
        byNumber
            .computeIfAbsent(port.number(), n -> new TreeMap<>())
            .putIfAbsent(member.cluster(), port);
      }
    }
    if (clusters.size() < 2) {
      return;
    }
    byNumber.forEach(
        (number, byCluster) -> {
          Set<String> missing = new TreeSet<>(clusters);
          missing.removeAll(byCluster.keySet());
          if (!missing.isEmpty()) {
            notes.add(
                "port "
                    + number
                    + " is defined in "
                    + String.join(", ", byCluster.keySet())
                    + " but not in "
                    + String.join(", ", missing));
          }
          Set<String> spoken = new TreeSet<>();
          byCluster.forEach(
              (cluster, port) -> spoken.add("'" + port.name() + "' " + port.protocol()));
          if (spoken.size() > 1) {
            List<String> each = new ArrayList<>();
            byCluster.forEach(
                (cluster, port) ->
                    each.add("'" + port.name() + "' " + port.protocol() + " in " + cluster));
            notes.add(
                "port "
                    + number
                    + " is "
                    + String.join(", ", each)
                    + ": each cluster's proxies see their own");
          }
        });
  }

  /** One address in two clusters of one network leads to one of them only. */
  private static void addresses(List<Endpoint> endpoints, List<String> notes) {
    Map<String, Set<String>> clusters = new TreeMap<>();
    for (Endpoint endpoint : endpoints) {
      clusters
          .computeIfAbsent(endpoint.network() + " " + endpoint.address(), a -> new TreeSet<>())
          .add(endpoint.cluster());
    }
    clusters.forEach(
        (place, of) -> {
          if (of.size() > 1) {
            int space = place.indexOf(' ');
            notes.add(sameAddress(place.substring(space + 1), place.substring(0, space), of));
          }
        });
  }

  static String sameAddress(String address, String network, Set<String> clusters) {
    return "address "
        + address
        + " is in clusters "
        + String.join(", ", clusters)
        + (network.isEmpty() ? " without a network" : " of network " + network)
        + ": proxies use their own cluster's, others the first by name (expected distinct pod"
        + " ranges, or distinct networks)";
  }
}
