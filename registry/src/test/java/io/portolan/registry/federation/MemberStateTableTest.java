package io.portolan.registry.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.model.ClusterCondition.Phase;
import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.ClusterHealth;
import io.portolan.registry.model.ClusterHealth.Data;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The life of a member with a fake clock that ticks once a second, as the federation does. */
class MemberStateTableTest {
  private static final ClusterHealth HEALTH = ClusterHealth.DEFAULT;

  private Duration now = Duration.ofDays(3);
  private MemberState state = MemberState.joining(now);
  private boolean progressing = true;
  private String failing = "";

  private void on(MemberEvent event) {
    state = state.after(event, now, HEALTH);
  }

  /** Lets seconds pass; every second the API server answers, fails, or is silent. */
  private void pass(long seconds) {
    for (long i = 0; i < seconds; i++) {
      now = now.plusSeconds(1);
      if (!failing.isEmpty()) {
        on(new MemberEvent.Failed(failing));
      } else if (progressing) {
        on(new MemberEvent.Progress());
      }
      on(new MemberEvent.Tick());
    }
  }

  private void control(String signal) {
    progressing = signal.equals("ok");
    failing = signal.equals("failing") ? "GET /api/v1/pods: connection refused" : "";
  }

  private void data(Data data) {
    on(new MemberEvent.DataPath(data, "2 gateways do not answer"));
  }

  @ParameterizedTest(name = "control {0}, data {1}, after {2} s -> {3} {4}")
  @CsvSource({
    "ok, OK, 0, LIVE, KEEP",
    "ok, OK, 3600, LIVE, KEEP",
    "ok, UNKNOWN, 3600, LIVE, KEEP",
    "ok, LOST, 0, STALE, DEMOTE",
    "ok, LOST, 3600, STALE, DEMOTE",
    "failing, OK, 9, LIVE, KEEP",
    "failing, OK, 10, STALE, KEEP",
    "failing, OK, 3600, STALE, KEEP",
    "failing, UNKNOWN, 9, LIVE, KEEP",
    "failing, UNKNOWN, 10, STALE, KEEP",
    "failing, UNKNOWN, 3600, STALE, KEEP",
    "silent, OK, 89, LIVE, KEEP",
    "silent, OK, 90, STALE, KEEP",
    "silent, UNKNOWN, 90, STALE, KEEP",
    "failing, LOST, 0, STALE, DEMOTE",
    "failing, LOST, 9, STALE, DEMOTE",
    "failing, LOST, 10, LOST, DEMOTE",
    "failing, LOST, 19, LOST, DEMOTE",
    "failing, LOST, 20, LOST, UNHEALTHY",
    "failing, LOST, 309, LOST, UNHEALTHY",
    "failing, LOST, 310, LOST, WITHDRAW",
    "failing, LOST, 86400, LOST, WITHDRAW",
    "silent, LOST, 89, STALE, DEMOTE",
    "silent, LOST, 90, LOST, DEMOTE",
    "silent, LOST, 100, LOST, UNHEALTHY",
    "silent, LOST, 390, LOST, WITHDRAW"
  })
  void everyCombination(String control, Data data, long seconds, Phase phase, Treatment treatment) {
    on(new MemberEvent.Synced());
    control(control);
    data(data);
    pass(seconds);
    assertEquals(phase, state.condition().phase(), state.condition().reason());
    assertEquals(treatment, state.condition().treatment(), state.condition().reason());
  }

  @Test
  void theWayBackHasHysteresis() {
    on(new MemberEvent.Synced());
    control("failing");
    data(Data.LOST);
    pass(400);
    assertEquals(Treatment.WITHDRAW, state.condition().treatment());
    control("ok");
    data(Data.OK);
    pass(4);
    assertEquals(Treatment.WITHDRAW, state.condition().treatment());
    pass(2);
    assertEquals(Phase.LIVE, state.condition().phase());
    assertEquals(Treatment.KEEP, state.condition().treatment());
  }

  @Test
  void aSignalThatFlapsStaysLost() {
    on(new MemberEvent.Synced());
    for (int i = 0; i < 20; i++) {
      data(Data.LOST);
      pass(2);
      data(Data.OK);
      pass(3);
      assertEquals(Treatment.DEMOTE, state.condition().treatment(), "round " + i);
    }
  }

  @Test
  void oneSignalBackFollowsTheTableOfTheOther() {
    on(new MemberEvent.Synced());
    control("failing");
    data(Data.LOST);
    pass(60);
    assertEquals(Treatment.UNHEALTHY, state.condition().treatment());
    control("ok");
    pass(6);
    assertEquals(Phase.STALE, state.condition().phase());
    assertEquals(Treatment.DEMOTE, state.condition().treatment());
  }

  @Test
  void losingTheSecondSignalSoftensNothing() {
    var rules = new java.util.HashMap<>(HEALTH.rules());
    rules.put(
        new ClusterHealth.Signals(ClusterHealth.Control.LOST, Data.LOST),
        java.util.List.of(new ClusterHealth.Step(Duration.ofSeconds(10), Treatment.UNHEALTHY)));
    ClusterHealth late =
        new ClusterHealth(
            HEALTH.controlFailedAfter(),
            HEALTH.controlSilentAfter(),
            HEALTH.recovery(),
            HEALTH.startGrace(),
            HEALTH.restoreAfter(),
            HEALTH.relist(),
            HEALTH.drain(),
            rules,
            java.util.Map.of());
    state = state.after(new MemberEvent.Synced(), now, late);
    state = state.after(new MemberEvent.DataPath(Data.LOST, "down"), now, late);
    for (int i = 0; i < 15; i++) {
      now = now.plusSeconds(1);
      state = state.after(new MemberEvent.Failed("refused"), now, late);
      assertEquals(Treatment.DEMOTE, state.condition().treatment(), "second " + i);
    }
    assertEquals(Phase.LOST, state.condition().phase());
  }

  @Test
  void joiningUntilEverythingIsListed() {
    assertEquals(Phase.JOINING, state.condition().phase());
    pass(30);
    assertEquals(Phase.JOINING, state.condition().phase());
    on(new MemberEvent.Synced());
    assertEquals(Phase.LIVE, state.condition().phase());
  }

  @Test
  void restoredIsMarkedUntilItIsRead() {
    on(new MemberEvent.Restored("the snapshot of yesterday"));
    assertTrue(state.condition().restored());
    assertEquals(Phase.JOINING, state.condition().phase());
    assertTrue(state.condition().reason().contains("the snapshot of yesterday"));
    control("failing");
    pass(10);
    assertEquals(Phase.STALE, state.condition().phase());
    assertTrue(state.condition().restored());
    control("ok");
    on(new MemberEvent.Synced());
    pass(6);
    assertEquals(Phase.LIVE, state.condition().phase());
    assertFalse(state.condition().restored());
  }

  @Test
  void leavingDemotesAtOnceThenUnhealthyThenGone() {
    on(new MemberEvent.Synced());
    on(new MemberEvent.Leave());
    assertEquals(Phase.DRAINING, state.condition().phase());
    assertEquals(Treatment.DEMOTE, state.condition().treatment());
    pass(29);
    assertEquals(Treatment.DEMOTE, state.condition().treatment());
    pass(1);
    assertEquals(Treatment.UNHEALTHY, state.condition().treatment());
    pass(29);
    assertFalse(state.gone());
    pass(1);
    assertTrue(state.gone());
  }

  @Test
  void comingBackCancelsTheDrain() {
    on(new MemberEvent.Synced());
    on(new MemberEvent.Leave());
    pass(40);
    on(new MemberEvent.Join());
    assertEquals(Phase.LIVE, state.condition().phase());
    assertEquals(Treatment.KEEP, state.condition().treatment());
    on(new MemberEvent.Leave());
    pass(59);
    assertFalse(state.gone());
  }

  @Test
  void nothingToDrainIsGoneAtOnce() {
    on(new MemberEvent.Leave());
    assertTrue(state.gone());
  }

  @Test
  void aNewReaderOfALostClusterHealsNothingByItself() {
    on(new MemberEvent.Synced());
    control("failing");
    pass(60);
    on(new MemberEvent.Join());
    assertEquals(Phase.STALE, state.condition().phase());
  }

  @Test
  void theReasonDoesNotFollowEveryFailure() {
    on(new MemberEvent.Synced());
    control("failing");
    pass(10);
    var condition = state.condition();
    assertTrue(condition.reason().contains("connection refused"), condition.reason());
    failing = "GET /api/v1/pods: timed out";
    pass(30);
    assertSame(condition, state.condition());
  }

  @Test
  void theReasonSaysThatOnlyTheControlLinkCounts() {
    on(new MemberEvent.Synced());
    on(new MemberEvent.DataPath(Data.UNKNOWN, "it shares the network of this control plane"));
    control("failing");
    pass(10);
    assertEquals(
        "control link lost: GET /api/v1/pods: connection refused; data path unknown: it shares the"
            + " network of this control plane, so only the control link counts",
        state.condition().reason());
  }

  @Test
  void aFrozenProcessDoesNotLoseItsClusters() {
    on(new MemberEvent.Synced());
    data(Data.LOST);
    now = now.plusDays(1);
    on(new MemberEvent.Tick());
    assertEquals(Phase.STALE, state.condition().phase());
    assertEquals(Treatment.DEMOTE, state.condition().treatment());
    now = now.minusDays(2);
    on(new MemberEvent.Tick());
    pass(60);
    assertEquals(Treatment.DEMOTE, state.condition().treatment());
  }
}
