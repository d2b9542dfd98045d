package io.portolan.xds.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class SendBudgetTest {
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private final Queue<Runnable> timer = new ArrayDeque<>();
  private final SendBudget budget = new SendBudget(100, PATIENCE, this::later);
  private final List<String> granted = new ArrayList<>();

  private void later(Duration wait, Runnable task) {
    assertEquals(PATIENCE, wait);
    timer.add(task);
  }

  private SendBudget.Claim claim(String name, int bytes) {
    return budget.claim(bytes, () -> granted.add(name));
  }

  @Test
  void whatFitsIsGrantedAtOnceWithoutACallback() {
    assertTrue(claim("a", 60).isGranted());
    assertTrue(claim("b", 40).isGranted());
    assertEquals(List.of(), granted);
    assertEquals(100, budget.taken());
    assertTrue(timer.isEmpty(), "nobody waits, so no timer runs");
  }

  @Test
  void waitersAreServedInOrderEvenIfALaterOneWouldFit() {
    SendBudget.Claim first = claim("a", 80);
    SendBudget.Claim large = claim("b", 90);
    SendBudget.Claim small = claim("c", 10);
    assertFalse(large.isGranted());
    assertFalse(small.isGranted());
    first.release();
    assertEquals(List.of("b", "c"), granted);
    assertEquals(100, budget.taken());
  }

  @Test
  void oneLargerThanTheLimitGoesAlone() {
    SendBudget.Claim first = claim("a", 1);
    SendBudget.Claim oversize = claim("b", 1000);
    SendBudget.Claim last = claim("c", 1);
    first.release();
    assertTrue(oversize.isGranted());
    assertFalse(last.isGranted());
    oversize.release();
    assertEquals(List.of("b", "c"), granted);
    assertTrue(claim("d", 99).isGranted());
  }

  @Test
  void releasedTwiceCountsOnce() {
    SendBudget.Claim first = claim("a", 50);
    SendBudget.Claim second = claim("b", 50);
    first.release();
    first.release();
    assertEquals(50, budget.taken());
    assertTrue(first.isGranted(), "what may be sent stays so");
    second.release();
    assertEquals(0, budget.taken());
  }

  @Test
  void oneThatStopsWaitingLetsTheNextPass() {
    claim("a", 60);
    SendBudget.Claim large = claim("b", 90);
    SendBudget.Claim small = claim("c", 10);
    large.release();
    assertFalse(large.isGranted());
    assertTrue(small.isGranted());
    assertEquals(List.of("c"), granted);
  }

  @Test
  void slowReadersStopCountingAfterThePatience() {
    SendBudget.Claim slow = claim("slow", 100);
    SendBudget.Claim next = claim("next", 100);
    assertFalse(next.isGranted());
    timer.remove().run();
    assertTrue(next.isGranted());
    assertEquals(100, budget.taken());
    slow.release();
    assertEquals(100, budget.taken(), "it no longer counted");
    assertTrue(timer.isEmpty());
  }

  @Test
  void whatIsGrantedWhileOthersWaitHasItsOwnPatience() {
    SendBudget.Claim quick = claim("quick", 100);
    SendBudget.Claim second = claim("second", 100);
    SendBudget.Claim third = claim("third", 100);
    quick.release();
    assertTrue(second.isGranted());
    timer.remove().run();
    assertFalse(third.isGranted(), "the second has not been held for all of the patience");
    timer.remove().run();
    assertTrue(third.isGranted());
    assertTrue(timer.isEmpty());
  }

  @Property(tries = 500)
  void everyClaimIsGrantedOnceAndAllRoomComesBack(@ForAll long seed) {
    Random random = new Random(seed);
    Queue<Runnable> tasks = new ArrayDeque<>();
    SendBudget any = new SendBudget(100, PATIENCE, (wait, task) -> tasks.add(task));
    List<SendBudget.Claim> open = new ArrayList<>();
    int[] callbacks = new int[200];
    int[] atOnce = new int[200];
    for (int i = 0; i < 200; i++) {
      int number = i;
      SendBudget.Claim claim = any.claim(1 + random.nextInt(150), () -> callbacks[number]++);
      atOnce[i] = claim.isGranted() ? 1 : 0;
      open.add(claim);
      switch (random.nextInt(3)) {
        case 0 ->
            open.stream()
                .filter(SendBudget.Claim::isGranted)
                .findFirst()
                .ifPresent(
                    c -> {
                      c.release();
                      open.remove(c);
                    });
        case 1 -> {
          if (!tasks.isEmpty()) {
            tasks.remove().run();
          }
        }
        default -> {}
      }
    }
    while (!open.isEmpty()) {
      SendBudget.Claim head = open.removeFirst();
      assertTrue(head.isGranted(), "the oldest claim never waits for nobody");
      head.release();
    }
    assertEquals(0, any.taken());
    for (int i = 0; i < 200; i++) {
      assertEquals(1, callbacks[i] + atOnce[i], "claim " + i);
    }
  }
}
