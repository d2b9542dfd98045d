package io.portolan.xds.view;

import io.portolan.registry.model.Locality;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Turns candidates into groups: priorities without gaps, weights that Envoy can add up. */
final class AssignmentGroups {
  private AssignmentGroups() {}

  static List<AssignmentView.Group> of(List<Candidate> all, List<AssignmentView.LeftOut> leftOut) {
    long divisor = 0;
    long largest = 1;
    for (Candidate c : all) {
      divisor = gcd(divisor, c.weight());
      largest = Math.max(largest, c.weight());
    }
    divisor = Math.max(1, divisor);
    // Envoy sums the weights of a locality in 32 bits.
    long ceiling = Math.max(1, Integer.MAX_VALUE / Math.max(1, all.size()));
    double shrink = Math.min(1.0, (double) ceiling * divisor / largest);
    Map<Integer, Integer> priorities = new HashMap<>();
    all.stream()
        .mapToInt(Candidate::rank)
        .distinct()
        .sorted()
        .forEach(rank -> priorities.put(rank, priorities.size()));
    Map<Integer, Map<Locality, List<AssignmentView.Host>>> grouped = new TreeMap<>();
    List<Candidate> ordered =
        all.stream()
            .sorted(
                Comparator.comparing(Candidate::address)
                    .thenComparingInt(Candidate::port)
                    .thenComparingInt(Candidate::rank))
            .toList();
    Set<String> taken = new HashSet<>();
    for (Candidate c : ordered) {
      if (!taken.add(c.address() + ":" + c.port())) {
        leftOut.add(
            new AssignmentView.LeftOut(
                c.address() + ":" + c.port(), "its address is there already"));
      }
    }
    Set<String> seen = new HashSet<>();
    for (Candidate c : ordered) {
      if (!seen.add(c.address() + ":" + c.port())) {
        continue;
      }
      List<String> others =
          c.otherAddresses().stream().filter(o -> taken.add(o + ":" + c.port())).toList();
      int weight = (int) Math.max(1, Math.round((double) c.weight() / divisor * shrink));
      grouped
          .computeIfAbsent(priorities.get(c.rank()), p -> new TreeMap<>())
          .computeIfAbsent(c.locality(), l -> new ArrayList<>())
          .add(
              new AssignmentView.Host(
                  c.address(),
                  c.port(),
                  c.health(),
                  weight,
                  c.meshTls(),
                  c.target(),
                  c.workload(),
                  c.why(),
                  others));
    }
    List<AssignmentView.Group> groups = new ArrayList<>();
    grouped.forEach(
        (priority, localities) ->
            localities.forEach(
                (where, hosts) -> groups.add(new AssignmentView.Group(where, priority, hosts))));
    return groups;
  }

  static long lcm(long a, long b) {
    return a / gcd(a, b) * b;
  }

  static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }
}
