package io.portolan.registry.image;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** IP families: a pod with an address of each is one endpoint, whatever the number of slices. */
final class Families {
  private Families() {}

  static boolean isIpv6(String address) {
    return address.indexOf(':') >= 0;
  }

  /** At most one address of each family, the preferred family first. */
  static List<String> ordered(List<String> addresses, boolean ipv6First) {
    List<String> found = new ArrayList<>(2);
    for (boolean ipv6 : ipv6First ? new boolean[] {true, false} : new boolean[] {false, true}) {
      addresses.stream().filter(a -> isIpv6(a) == ipv6).findFirst().ifPresent(found::add);
    }
    return found;
  }

  /**
   * Joins the endpoints of one pod that differ in family. Kubernetes writes one slice per family;
   * an address of one family with the same ports as one of the other is the same workload.
   */
  static List<Endpoint> join(List<Endpoint> endpoints, boolean ipv6First) {
    if (endpoints.stream().noneMatch(e -> isIpv6(e.address()))) {
      return endpoints;
    }
    List<Endpoint> joined = new ArrayList<>();
    Map<String, List<Endpoint>> byWorkload = new TreeMap<>();
    for (Endpoint endpoint : endpoints) {
      if (endpoint.workload().isEmpty()) {
        joined.add(endpoint);
      } else {
        byWorkload.computeIfAbsent(endpoint.workload(), w -> new ArrayList<>(2)).add(endpoint);
      }
    }
    byWorkload.values().forEach(group -> pair(group, ipv6First, joined));
    return joined;
  }

  private static void pair(List<Endpoint> group, boolean ipv6First, List<Endpoint> into) {
    List<Endpoint> ordered = group.stream().sorted(Endpoint.ORDER).toList();
    List<Endpoint> others =
        new ArrayList<>(ordered.stream().filter(e -> isIpv6(e.address()) != ipv6First).toList());
    for (Endpoint endpoint : ordered) {
      if (isIpv6(endpoint.address()) != ipv6First) {
        continue;
      }
      Endpoint other =
          others.stream().filter(o -> o.ports().equals(endpoint.ports())).findFirst().orElse(null);
      if (other == null) {
        into.add(endpoint);
      } else {
        others.remove(other);
        into.add(endpoint.withOther(other.address()));
      }
    }
    into.addAll(others);
  }
}
