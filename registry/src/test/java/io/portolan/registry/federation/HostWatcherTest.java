package io.portolan.registry.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.Change;
import io.portolan.registry.change.ChangeSink;
import io.portolan.registry.federation.HostResolver.Answer;
import io.portolan.registry.image.NetworkGateway;
import io.portolan.registry.image.RegistryDelta;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshSettings;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** Host names of gateways: TTL, back-off, keep-last, and what the image makes of the answers. */
class HostWatcherTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private static Answer answer(long ttl, String... addresses) {
    return new Answer(List.of(addresses), Duration.ofSeconds(ttl), "", false);
  }

  @Test
  void anAnswerHoldsForItsTtlWithinBounds() {
    record Row(long ttl, long holds) {}
    for (Row row : List.of(new Row(0, 30), new Row(45, 45), new Row(86_400, 3600))) {
      HostState state = HostState.INITIAL.after(answer(row.ttl, "192.0.2.1"), START);
      assertFalse(state.due(START.plusSeconds(row.holds).minusMillis(1)), row.toString());
      assertTrue(state.due(START.plusSeconds(row.holds)), row.toString());
    }
  }

  @Test
  void failuresBackOffAndTheLastAddressesStay() {
    HostState state = HostState.INITIAL.after(answer(60, "192.0.2.2", "192.0.2.1"), START);
    Instant now = START;
    List<Long> pauses = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      state = state.after(Answer.failed("no such name"), now);
      pauses.add(Duration.between(now, state.next()).toSeconds());
      now = state.next();
      assertEquals(List.of("192.0.2.1", "192.0.2.2"), state.addresses());
      assertEquals("no such name", state.problem());
    }
    assertEquals(List.of(1L, 2L, 4L, 8L, 16L, 32L, 60L, 60L, 60L), pauses);
    state = state.after(answer(60, "192.0.2.3"), now);
    assertEquals(List.of("192.0.2.3"), state.addresses());
    assertEquals(0, state.failures());
  }

  @Test
  void anAbsentNameIsGoneAfterAWhileAFailedOneNever() {
    HostState state = HostState.INITIAL.after(answer(60, "192.0.2.1"), START);
    Instant absent = START.plusSeconds(60);
    state = state.after(Answer.absent("there is no such name"), absent);
    assertEquals(List.of("192.0.2.1"), state.addresses());
    state = state.after(Answer.failed("no name server answers"), absent.plusSeconds(200));
    assertEquals(absent, state.absentSince(), "silence is no other word");
    state = state.after(Answer.absent("there is no such name"), absent.plusSeconds(299));
    assertEquals(List.of("192.0.2.1"), state.addresses());
    assertEquals(
        List.of("192.0.2.1"),
        state.after(Answer.failed("no name server answers"), absent.plusSeconds(999)).addresses());
    state = state.after(Answer.absent("there is no such name"), absent.plusSeconds(300));
    assertEquals(List.of(), state.addresses());
    state = state.after(answer(60, "192.0.2.4"), absent.plusSeconds(360));
    assertEquals(List.of("192.0.2.4"), state.addresses());
    assertEquals(null, state.absentSince());
  }

  @Test
  void aRotatedAnswerIsNoChange() {
    HostState one = HostState.INITIAL.after(answer(60, "192.0.2.2", "192.0.2.1"), START);
    HostState two = one.after(answer(60, "192.0.2.1", "192.0.2.2"), START);
    assertEquals(one.addresses(), two.addresses());
  }

  /** A registry without a loader: what is offered is in the next image. */
  private static final class World implements ChangeSink {
    RegistryImage image = RegistryImage.empty();
    Instant now = START;
    final Map<String, Answer> dns = new HashMap<>();
    final List<String> asked = new ArrayList<>();
    int offers;
    final HostWatcher watcher =
        new HostWatcher(
            () -> image,
            this,
            host -> {
              asked.add(host);
              return dns.getOrDefault(host, Answer.failed("no such name"));
            },
            Runnable::run,
            Executors.newSingleThreadScheduledExecutor(),
            () -> now);

    @Override
    public void offer(String source, List<Change> changes) {
      offers++;
      apply(changes);
    }

    void apply(List<Change> changes) {
      RegistryDelta delta = new RegistryDelta();
      changes.forEach(delta::add);
      image = delta.apply(image).after();
    }

    @Override
    public void synced(String source) {
      throw new AssertionError("names are no source to wait for");
    }

    void gateway(String address) {
      MeshSettings base = MeshSettings.DEFAULT;
      apply(
          List.of(
              new Change.Settings(
                  new MeshSettings(
                      base.trustDomain(),
                      base.rootNamespace(),
                      base.domain(),
                      Map.of(),
                      Map.of(
                          "net-b",
                          new MeshSettings.NetworkSettings(
                              List.of(),
                              List.of(),
                              List.of(
                                  new MeshSettings.GatewaySettings(
                                      address, "", 15443, Locality.UNKNOWN)))),
                      false,
                      base.connectTimeout(),
                      null,
                      base.localityLb(),
                      base.probe(),
                      base.clusterHealth()))));
    }

    List<String> gateways() {
      return image.gateways().getOrDefault("net-b", List.of()).stream()
          .map(g -> g.address() + (g.resolved() ? "" : " unresolved"))
          .toList();
    }
  }

  @Test
  void severalAddressesOfANameAreSeveralGateways() {
    World world = new World();
    try (HostWatcher watcher = world.watcher) {
      world.gateway("gw.b.example");
      assertEquals(List.of("gw.b.example unresolved"), world.gateways());
      watcher.round();
      assertEquals(List.of("gw.b.example unresolved"), world.gateways(), "not known yet");
      world.dns.put("gw.b.example", answer(60, "192.0.2.9", "192.0.2.8"));
      watcher.round();
      assertEquals(1, world.asked.size(), "backs off");
      world.now = START.plusSeconds(1);
      watcher.round();
      assertEquals(List.of("192.0.2.8", "192.0.2.9"), world.gateways());
      NetworkGateway first = world.image.gateways().get("net-b").getFirst();
      assertEquals("gw.b.example", first.host());
      assertTrue(first.up(), "counts as up until it is probed");
    }
  }

  @Test
  void aChangedAddressEntersAndAFailureKeepsTheLast() {
    World world = new World();
    try (HostWatcher watcher = world.watcher) {
      world.gateway("gw.b.example");
      world.dns.put("gw.b.example", answer(60, "192.0.2.8"));
      watcher.round();
      int offers = world.offers;
      world.now = START.plusSeconds(60);
      watcher.round();
      assertEquals(offers, world.offers, "the same answer is no change");
      world.dns.put("gw.b.example", answer(60, "192.0.2.7"));
      world.now = START.plusSeconds(120);
      watcher.round();
      assertEquals(List.of("192.0.2.7"), world.gateways());
      world.dns.clear();
      world.now = START.plusSeconds(180);
      watcher.round();
      assertEquals(List.of("192.0.2.7"), world.gateways(), "keep-last");
    }
  }

  @Test
  void anUnusedNameIsForgotten() {
    World world = new World();
    try (HostWatcher watcher = world.watcher) {
      world.gateway("gw.b.example");
      world.dns.put("gw.b.example", answer(60, "192.0.2.8"));
      watcher.round();
      world.gateway("192.0.2.50");
      watcher.round();
      assertEquals(Map.of(), world.image.hostAddresses());
      assertEquals(List.of("192.0.2.50"), world.gateways());
      assertEquals(List.of("gw.b.example"), world.asked);
    }
  }
}
