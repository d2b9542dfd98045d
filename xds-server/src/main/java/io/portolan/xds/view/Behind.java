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

  Level at(Treatment treatment) {
    return levels.computeIfAbsent(treatment, Level::new);
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
    private long weight;
    private final TreeMap<Locality, Long> byLocality = new TreeMap<>();
    private final Map<Locality, Integer> ranks = new TreeMap<>();
    private final List<String> sources = new ArrayList<>();
    private final NavigableSet<String> conditions = new TreeSet<>();

    Level(Treatment treatment) {
      this.treatment = treatment;
    }

    void add(Endpoint endpoint, Nearness nearness) {
      weight += endpoint.weight();
      byLocality.merge(endpoint.locality(), (long) endpoint.weight(), Long::sum);
      ranks.put(endpoint.locality(), nearness.rank(endpoint.locality(), endpoint.cluster(), ""));
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

    /** The nearest locality; of equally near ones the heaviest, then the first by name. */
    Locality nearest() {
      Locality best = byLocality.firstKey();
      for (var entry : byLocality.entrySet()) {
        int closer = Integer.compare(rankOf(entry.getKey()), rankOf(best));
        if (closer < 0 || (closer == 0 && entry.getValue() > byLocality.getOrDefault(best, 0L))) {
          best = entry.getKey();
        }
      }
      return best;
    }

    int rank() {
      return rankOf(nearest());
    }

    private int rankOf(Locality locality) {
      return ranks.getOrDefault(locality, 0);
    }

    Candidate candidate(
        String address, int port, boolean demoted, boolean meshTls, AssignmentView.Why why) {
      return new Candidate(
          address,
          List.of(),
          port,
          rank() + (demoted ? AssignmentBuilder.DEMOTED : 0),
          nearest(),
          treatment == Treatment.UNHEALTHY ? Health.UNHEALTHY : Health.HEALTHY,
          weight,
          meshTls,
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
