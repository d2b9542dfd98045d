package io.portolan.registry.model;

import io.portolan.registry.model.ClusterCondition.Treatment;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How the health of a member cluster is judged and what follows from it: {@code clusterHealth} of
 * {@code mesh.yaml}. All times are measured on a clock that neither jumps nor runs backwards.
 *
 * @param controlFailedAfter the control link is lost when requests fail and nothing has got through
 *     for this long ({@code controlFailedAfter})
 * @param controlSilentAfter the control link is lost after this much silence although nothing
 *     failed ({@code controlSilentAfter}); API servers send bookmarks about once a minute
 * @param recovery how long a lost signal must be good again before it counts as good ({@code
 *     recovery})
 * @param startGrace how long the start waits for a cluster that can neither be read nor restored
 *     ({@code startGrace}); counts for the whole mesh, not by cluster
 * @param restoreAfter how long a cluster may take to be read before its last-good snapshot is used
 *     ({@code restoreAfter})
 * @param relist when a list that lost objects is held down ({@code relist})
 * @param drain how a cluster leaves ({@code drain})
 * @param rules what happens to the endpoints, by both signals ({@code rules})
 * @param clusters the same for single clusters, by cluster id ({@code clusters})
 */
public record ClusterHealth(
    Duration controlFailedAfter,
    Duration controlSilentAfter,
    Duration recovery,
    Duration startGrace,
    Duration restoreAfter,
    Relist relist,
    Drain drain,
    Map<Signals, List<Step>> rules,
    Map<String, ClusterHealth> clusters) {
  /**
   * The control link lost alone changes nothing; the data path lost demotes at once; both lost make
   * unhealthy after ten seconds and withdraw after five minutes.
   */
  public static final ClusterHealth DEFAULT =
      new ClusterHealth(
          Duration.ofSeconds(10),
          Duration.ofSeconds(90),
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          Duration.ofSeconds(3),
          new Relist(1, Duration.ofSeconds(30)),
          new Drain(Duration.ofSeconds(30), Duration.ofSeconds(60)),
          Map.of(
              new Signals(Control.OK, Data.OK),
              List.of(new Step(Duration.ZERO, Treatment.KEEP)),
              new Signals(Control.OK, Data.UNKNOWN),
              List.of(new Step(Duration.ZERO, Treatment.KEEP)),
              new Signals(Control.OK, Data.LOST),
              List.of(new Step(Duration.ZERO, Treatment.DEMOTE)),
              new Signals(Control.LOST, Data.OK),
              List.of(new Step(Duration.ZERO, Treatment.KEEP)),
              new Signals(Control.LOST, Data.UNKNOWN),
              List.of(new Step(Duration.ZERO, Treatment.KEEP)),
              new Signals(Control.LOST, Data.LOST),
              List.of(
                  new Step(Duration.ZERO, Treatment.DEMOTE),
                  new Step(Duration.ofSeconds(10), Treatment.UNHEALTHY),
                  new Step(Duration.ofMinutes(5), Treatment.WITHDRAW))),
          Map.of());

  public ClusterHealth {
    Map<Signals, List<Step>> copy = new HashMap<>();
    rules.forEach((signals, steps) -> copy.put(signals, List.copyOf(steps)));
    rules = Map.copyOf(copy);
    clusters = Map.copyOf(clusters);
  }

  /** The control link: whether the cluster's API server can be read. */
  public enum Control {
    OK,
    LOST
  }

  /** The data path: whether the cluster's east-west gateways answer. */
  public enum Data {
    OK,
    LOST,
    /** There is no gateway whose probe would tell. */
    UNKNOWN
  }

  /** Both signals together. */
  public record Signals(Control control, Data data) {
    /** True when a signal is lost here that is not in {@code other}, and none is back. */
    public boolean worseThan(Signals other) {
      boolean controlWorse = control == Control.LOST && other.control == Control.OK;
      boolean dataWorse = data == Data.LOST && other.data != Data.LOST;
      boolean controlBetter = control == Control.OK && other.control == Control.LOST;
      boolean dataBetter = data != Data.LOST && other.data == Data.LOST;
      return (controlWorse || dataWorse) && !controlBetter && !dataBetter;
    }
  }

  /** From {@code after} on, counted from when the signals became so, this treatment holds. */
  public record Step(Duration after, Treatment treatment) {}

  /**
   * When a list is held down: when it is empty though there were objects, or when it has less than
   * half as many objects as before and there were at least {@code minimum}.
   *
   * @param minimum objects of a kind from which on the loss of more than half is doubted, 1..
   * @param holdDown how long the last state stays before a further list may confirm the loss
   */
  public record Relist(int minimum, Duration holdDown) {}

  /**
   * How a cluster leaves: demoted at once, then unhealthy, then dropped; both from the beginning.
   */
  public record Drain(Duration unhealthyAfter, Duration dropAfter) {}

  /** What holds for one cluster. */
  public ClusterHealth of(String cluster) {
    return clusters.getOrDefault(cluster, this);
  }

  /** The treatment of endpoints when the signals have been so for {@code age}. */
  public Treatment treatment(Signals signals, Duration age) {
    Treatment reached = Treatment.KEEP;
    for (Step step : rules.getOrDefault(signals, List.of())) {
      if (step.after().compareTo(age) <= 0) {
        reached = step.treatment();
      }
    }
    return reached;
  }
}
