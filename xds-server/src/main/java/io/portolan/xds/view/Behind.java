package io.portolan.xds.view;

import io.portolan.registry.image.Endpoint;
import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Locality;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What is behind the addresses of one network or balancer, by the treatment of its cluster. An
 * address occurs once, so the mildest treatment decides and only its endpoints weigh.
 */
final class Behind {
  private final EnumMap<Treatment, Level> levels = new EnumMap<>(Treatment.class);
  private final String target;

  /**
   * @param target SNI of the service that all of it belongs to, empty for the cluster's own
   */
  Behind(String target) {
    this.target = target;
  }

  String target() {
    return target;
  }

  Level at(Treatment treatment) {
    return levels.computeIfAbsent(treatment, t -> new Level(t, target));
  }

  /** The mildest level there is. */
  Level best() {
    return levels.values().iterator().next();
  }

  /** All other levels. */
  Collection<Level> worse() {
    return levels.values().stream().skip(1).toList();
  }

  /** Endpoints of one treatment. */
  static final class Level {
    private final Treatment treatment;
    private final String target;
    private long weight;
    private final TreeMap<Integer, Ranked> ranks = new TreeMap<>();
    private final List<String> sources = new ArrayList<>();
    private final NavigableSet<String> conditions = new TreeSet<>();

    /** Endpoints of one rank. */
    private static final class Ranked {
      final TreeMap<Locality, Long> weights = new TreeMap<>();
      final TreeMap<Locality, Nearness.Standing> standings = new TreeMap<>();
      final TreeMap<Integer, Long> claims = new TreeMap<>();
    }

    Level(Treatment treatment, String target) {
      this.treatment = treatment;
      this.target = target;
    }

    void add(Endpoint endpoint, Nearness.Standing standing) {
      weight += endpoint.weight();
      Ranked ranked = ranks.computeIfAbsent(standing.rank(), r -> new Ranked());
      ranked.weights.merge(endpoint.locality(), (long) endpoint.weight(), Long::sum);
      ranked.standings.put(endpoint.locality(), standing);
      ranked.claims.merge(standing.pattern(), (long) endpoint.weight(), Long::sum);
    }

    /** For people: a source, and what is concluded about its cluster. */
    void tell(String source, String condition) {
      sources.add(source);
      if (!condition.isEmpty()) {
        conditions.add(condition.startsWith("; ") ? condition.substring(2) : condition);
      }
    }

    Treatment treatment() {
      return treatment;
    }

    long weight() {
      return weight;
    }

    List<String> sources() {
      return sources;
    }

    NavigableSet<String> conditions() {
      return conditions;
    }

    private Ranked first() {
      return ranks.firstEntry().getValue();
    }

    /** The nearest locality; of equally near ones the heaviest, then the first by name. */
    Locality nearest() {
      TreeMap<Locality, Long> weights = first().weights;
      Locality best = weights.firstKey();
      for (var entry : weights.entrySet()) {
        if (entry.getValue() > weights.getOrDefault(best, 0L)) {
          best = entry.getKey();
        }
      }
      return best;
    }

    /** How the nearest locality stands. */
    Nearness.Standing standing() {
      return first().standings.getOrDefault(nearest(), Nearness.Standing.OUT);
    }

    /** Weights by pattern of {@code distribute}, of the nearest rank. */
    Map<Integer, Long> claims() {
      return first().claims;
    }

    int rank(boolean demoted) {
      return ranks.firstKey() + (demoted ? AssignmentBuilder.DEMOTED : 0);
    }

    Candidate candidate(
        String address, int port, boolean demoted, boolean meshTls, AssignmentView.Why why) {
      return new Candidate(
          address,
          List.of(),
          port,
          rank(demoted),
          standing().pattern(),
          nearest(),
          treatment == Treatment.UNHEALTHY ? Health.UNHEALTHY : Health.HEALTHY,
          weight,
          meshTls,
          target,
          "",
          false,
          why);
    }

    void leftOut(List<AssignmentView.LeftOut> into, String why) {
      String reason = why + String.join("; ", conditions);
      sources.forEach(source -> into.add(new AssignmentView.LeftOut(source, reason)));
    }
  }
}
