package io.portolan.registry.federation;

import io.portolan.registry.model.ClusterCondition;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The condition of one member and its last ones. Not thread-safe: guarded by its member. */
final class Chronicle {
  private static final Logger LOG = LoggerFactory.getLogger(Chronicle.class);
  private static final int HISTORY = 32;

  private final String cluster;
  private final Surroundings around;
  private final Deque<Transition> history = new ArrayDeque<>();
  private ClusterCondition condition;
  private Instant since;

  Chronicle(String cluster, Surroundings around, ClusterCondition first) {
    this.cluster = cluster;
    this.around = around;
    this.condition = first;
    this.since = around.clock().instant();
  }

  /** The condition in force. */
  ClusterCondition condition() {
    return condition;
  }

  Instant since() {
    return since;
  }

  List<Transition> history() {
    return List.copyOf(history);
  }

  /** Puts a condition in force, says so, and returns it with the moment in its reason. */
  ClusterCondition transition(ClusterCondition next) {
    Instant now = around.clock().instant();
    ClusterCondition from = condition;
    condition =
        new ClusterCondition(
            next.phase(),
            next.treatment(),
            next.reason() + ", since " + now.truncatedTo(ChronoUnit.SECONDS),
            next.restored());
    since = now;
    history.addLast(new Transition(now, from, condition));
    if (history.size() > HISTORY) {
      history.removeFirst();
    }
    LOG.atLevel(condition.phase() == ClusterCondition.Phase.LIVE ? Level.INFO : Level.WARN)
        .log(
            "cluster state cluster={} phase={} treatment={} wasPhase={} wasTreatment={}"
                + " restored={} reason=\"{}\"",
            cluster,
            condition.phase(),
            condition.treatment(),
            from.phase(),
            from.treatment(),
            condition.restored(),
            next.reason());
    around.events().transition(cluster, from, condition);
    return condition;
  }
}
