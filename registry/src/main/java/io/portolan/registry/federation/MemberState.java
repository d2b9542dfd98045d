package io.portolan.registry.federation;

import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.ClusterCondition.Phase;
import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.ClusterHealth;
import io.portolan.registry.model.ClusterHealth.Control;
import io.portolan.registry.model.ClusterHealth.Data;
import io.portolan.registry.model.ClusterHealth.Signals;
import java.time.Duration;

/**
 * The life of one member cluster as a value.
 *
 * <p>It keeps ages, not moments: each event adds the time since the last one, at most {@link
 * #LONGEST_STEP} and never less than nothing. So neither a clock that jumps nor a process that was
 * frozen makes all clusters look silent at once.
 *
 * @param seen reading of the clock at the last event
 * @param steady time this member has existed, as counted
 * @param synced every kind was listed and is in force
 * @param restoredFrom which snapshot is in force, empty when none is
 * @param draining it leaves on purpose
 * @param drained how long it has been leaving
 * @param control the control link
 * @param data the data path
 * @param signals both, as concluded
 * @param inForce how long the signals have been so
 * @param floor the mildest treatment while the signals are so: losing a second signal softens
 *     nothing
 * @param condition what follows from all that
 * @param gone nothing is left of it
 */
record MemberState(
    Duration seen,
    Duration steady,
    boolean synced,
    String restoredFrom,
    boolean draining,
    Duration drained,
    ControlLink control,
    DataPath data,
    Signals signals,
    Duration inForce,
    Treatment floor,
    ClusterCondition condition,
    boolean gone) {
  /** The most that one event can add to any age. Events come at least once a second. */
  static final Duration LONGEST_STEP = Duration.ofSeconds(5);

  private static final Signals GOOD = new Signals(Control.OK, Data.UNKNOWN);

  /** A member that was just announced. */
  static MemberState joining(Duration now) {
    return new MemberState(
        now,
        Duration.ZERO,
        false,
        "",
        false,
        Duration.ZERO,
        ControlLink.FRESH,
        DataPath.FRESH,
        GOOD,
        Duration.ZERO,
        Treatment.KEEP,
        new ClusterCondition(Phase.JOINING, Treatment.KEEP, "not read completely yet", false),
        false);
  }

  /** True when objects of the cluster are in force. */
  boolean hasObjects() {
    return synced || !restoredFrom.isEmpty();
  }

  /**
   * The state after an event.
   *
   * @param now reading of a clock; only differences count
   * @param health what holds for this cluster
   */
  MemberState after(MemberEvent event, Duration now, ClusterHealth health) {
    Duration step = step(now);
    ControlLink link = control.elapsed(step);
    DataPath path = data.elapsed(step);
    boolean nextSynced = synced;
    boolean leaving = draining;
    String snapshot = restoredFrom;
    switch (event) {
      case MemberEvent.Tick() -> {}
      case MemberEvent.Join() -> {
        // What was lost stays lost until the new reader shows otherwise.
        link = draining ? ControlLink.FRESH : link;
        leaving = false;
      }
      case MemberEvent.Progress() -> link = link.progress();
      case MemberEvent.Failed(String reason) -> link = link.failed(reason);
      case MemberEvent.Synced() -> {
        link = link.progress();
        nextSynced = true;
        snapshot = "";
      }
      case MemberEvent.Restored(String note) -> snapshot = synced ? "" : note;
      case MemberEvent.DataPath(Data seenNow, String reason) -> path = path.seen(seenNow, reason);
      case MemberEvent.Leave() -> leaving = true;
    }
    link = link.concluded(health);
    path = path.concluded(health);
    Signals nextSignals = new Signals(link.lost() ? Control.LOST : Control.OK, path.concluded());
    Duration age = inForce.plus(step);
    Treatment least = floor;
    if (!nextSignals.equals(signals)) {
      least =
          nextSignals.worseThan(signals)
              ? harsher(floor, health.treatment(signals, inForce))
              : Treatment.KEEP;
      age = Duration.ZERO;
    }
    Duration left = leaving && draining ? drained.plus(step) : Duration.ZERO;
    Treatment treatment = harsher(least, health.treatment(nextSignals, age));
    if (leaving) {
      treatment =
          harsher(
              treatment,
              left.compareTo(health.drain().unhealthyAfter()) >= 0
                  ? Treatment.UNHEALTHY
                  : Treatment.DEMOTE);
    }
    boolean ended =
        leaving
            && (left.compareTo(health.drain().dropAfter()) >= 0
                || (!nextSynced && snapshot.isEmpty()));
    MemberState next =
        new MemberState(
            now,
            steady.plus(step),
            nextSynced,
            snapshot,
            leaving,
            left,
            link,
            path,
            nextSignals,
            age,
            least,
            condition,
            ended);
    return next.withCondition(treatment, signals);
  }

  private Duration step(Duration now) {
    Duration passed = now.minus(seen);
    if (passed.isNegative()) {
      return Duration.ZERO;
    }
    return passed.compareTo(LONGEST_STEP) > 0 ? LONGEST_STEP : passed;
  }

  /** The reason is that of the moment of change: it does not follow every failed request. */
  private MemberState withCondition(Treatment treatment, Signals before) {
    boolean restored = !restoredFrom.isEmpty();
    Phase phase = phase();
    if (phase == condition.phase()
        && treatment == condition.treatment()
        && restored == condition.restored()
        && signals.equals(before)) {
      return this;
    }
    return new MemberState(
        seen,
        steady,
        synced,
        restoredFrom,
        draining,
        drained,
        control,
        data,
        signals,
        inForce,
        floor,
        new ClusterCondition(phase, treatment, reason(phase), restored),
        gone);
  }

  private Phase phase() {
    boolean controlLost = signals.control() == Control.LOST;
    boolean dataLost = signals.data() == Data.LOST;
    if (draining) {
      return Phase.DRAINING;
    }
    if (!hasObjects()) {
      return Phase.JOINING;
    }
    if (controlLost && dataLost) {
      return Phase.LOST;
    }
    if (controlLost || dataLost) {
      return Phase.STALE;
    }
    return synced ? Phase.LIVE : Phase.JOINING;
  }

  private String reason(Phase phase) {
    StringBuilder text =
        new StringBuilder(
            switch (phase) {
              case JOINING -> "not read completely yet";
              case LIVE -> "read completely";
              case DRAINING -> "leaves on purpose";
              case STALE, LOST -> "";
            });
    if (signals.control() == Control.LOST) {
      add(text, "control link lost: " + control.reason());
    }
    switch (signals.data()) {
      case OK -> {}
      case LOST -> add(text, "data path lost: " + data.why());
      case UNKNOWN ->
          add(text, "data path unknown: " + data.why() + ", so only the control link counts");
    }
    if (!restoredFrom.isEmpty()) {
      add(text, "restored from " + restoredFrom);
    }
    return text.toString();
  }

  private static void add(StringBuilder text, String part) {
    text.append(text.isEmpty() ? "" : "; ").append(part);
  }

  private static Treatment harsher(Treatment a, Treatment b) {
    return a.compareTo(b) >= 0 ? a : b;
  }
}
