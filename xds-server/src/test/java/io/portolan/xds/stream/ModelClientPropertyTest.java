package io.portolan.xds.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.ResourceType;
import io.portolan.xds.snapshot.Snapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Invariant 3: after any sequence of pushes, reconnects with initial versions, NACKs and
 * unsubscriptions a delta client holds exactly the snapshot, as far as it asked for it.
 */
class ModelClientPropertyTest {
  @Property(tries = 2000)
  void aDeltaClientEndsWithTheSnapshot(@ForAll long seed) {
    Random random = new Random(seed);
    Client client = new Client(random);
    for (int i = 0; i < 30; i++) {
      client.step();
    }
    client.settle();
    client.check();
  }

  /** A client as the protocol describes it. */
  private static final class Client {
    private static final List<ResourceType> TYPES =
        List.of(
            ResourceType.CLUSTER, ResourceType.ENDPOINT, ResourceType.LISTENER, ResourceType.ROUTE);

    private final Random random;
    private final Map<ResourceType, Map<String, String>> held = new HashMap<>();
    private final Map<ResourceType, Set<String>> names = new HashMap<>();
    private final Deque<StreamAction.Send> inbox = new ArrayDeque<>();
    private final Set<String> refused = new HashSet<>();
    private Snapshot snapshot = TestResources.snapshot("");
    private StreamSession session = fresh();

    Client(Random random) {
      this.random = random;
      TYPES.forEach(t -> held.put(t, new TreeMap<>()));
      names.put(ResourceType.ENDPOINT, new HashSet<>());
      names.put(ResourceType.ROUTE, new HashSet<>());
      feed(new StreamEvent.SnapshotChanged(snapshot));
      connect();
    }

    private static StreamSession fresh() {
      return new StreamSession(true, (n, a, b) -> a.equals(b));
    }

    private void connect() {
      for (ResourceType type : TYPES) {
        List<String> subscribe = List.copyOf(names.getOrDefault(type, Set.of()));
        feed(
            new StreamEvent.Delta(
                type, subscribe, List.of(), Map.copyOf(held.get(type)), "", null));
      }
    }

    void step() {
      switch (random.nextInt(6)) {
        case 0, 1 -> push();
        case 2 -> subscribe();
        case 3 -> {
          inbox.clear();
          session = fresh();
          if (random.nextBoolean()) {
            feed(new StreamEvent.SnapshotChanged(snapshot));
            connect();
          } else {
            connect();
            feed(new StreamEvent.SnapshotChanged(snapshot));
          }
        }
        default -> answer(random.nextInt(5) == 0);
      }
    }

    private void push() {
      StringBuilder text = new StringBuilder();
      for (String name : List.of("a", "b", "c", "d")) {
        if (random.nextInt(3) > 0) {
          text.append(" CDS:").append(name).append('=').append(random.nextInt(2));
          text.append(" EDS:").append(name).append('=').append(random.nextInt(3));
        }
        if (random.nextInt(3) > 0) {
          text.append(" LDS:").append(name).append('=').append(random.nextInt(2));
        }
        if (random.nextInt(3) > 0) {
          text.append(" RDS:").append(name).append('=').append(random.nextInt(3));
        }
      }
      snapshot = TestResources.snapshot(text.toString());
      feed(new StreamEvent.SnapshotChanged(snapshot));
    }

    private void subscribe() {
      ResourceType type = random.nextBoolean() ? ResourceType.ENDPOINT : ResourceType.ROUTE;
      String name = List.of("a", "b", "c", "d").get(random.nextInt(4));
      Set<String> own = names.get(type);
      if (own.add(name)) {
        feed(new StreamEvent.Delta(type, List.of(name), List.of(), Map.of(), "", null));
      } else {
        own.remove(name);
        held.get(type).remove(name);
        feed(new StreamEvent.Delta(type, List.of(), List.of(name), Map.of(), "", null));
      }
    }

    /** Takes one response; a refused one changes nothing on the client. */
    private void answer(boolean refuse) {
      StreamAction.Send send = inbox.poll();
      if (send == null) {
        return;
      }
      Set<String> seen = new HashSet<>();
      send.resources().forEach(r -> assertEquals(true, seen.add(r.name()), "twice: " + r));
      send.removed().forEach(n -> assertEquals(true, seen.add(n), "sent and removed: " + n));
      if (refuse) {
        // Envoy refuses single resources; what a response removes is removed all the same.
        send.resources().forEach(r -> refused.add(r.toString()));
        remove(send);
      } else {
        apply(send);
      }
      feed(
          new StreamEvent.Delta(
              send.type(), List.of(), List.of(), Map.of(), send.nonce(), refuse ? "no" : null));
    }

    private void apply(StreamAction.Send send) {
      Map<String, String> map = held.get(send.type());
      Set<String> wanted = names.get(send.type());
      for (EncodedResource resource : send.resources()) {
        if (wanted == null || wanted.contains(resource.name())) {
          map.put(resource.name(), resource.version());
          refused.remove(resource.toString());
        }
      }
      remove(send);
    }

    private void remove(StreamAction.Send send) {
      if (send.type() != ResourceType.ENDPOINT && send.type() != ResourceType.ROUTE) {
        send.removed().forEach(held.get(send.type())::remove);
      }
    }

    private void feed(StreamEvent event) {
      for (StreamAction action : session.on(event)) {
        if (action instanceof StreamAction.Send send) {
          inbox.add(send);
        }
      }
    }

    void settle() {
      for (int i = 0; i < 200 && !inbox.isEmpty(); i++) {
        answer(false);
      }
      assertEquals(List.of(), new ArrayList<>(inbox), "the exchange ends");
    }

    /** Compares with the snapshot; what was refused last may be missing or old. */
    void check() {
      for (ResourceType type : TYPES) {
        Map<String, String> expected = new TreeMap<>();
        Set<String> wanted = names.get(type);
        for (EncodedResource resource : snapshot.of(type).sorted()) {
          if (wanted == null || wanted.contains(resource.name())) {
            expected.put(resource.name(), resource.version());
          }
        }
        Map<String, String> actual = new TreeMap<>(held.get(type));
        for (EncodedResource resource : snapshot.of(type).sorted()) {
          if (refused.contains(resource.toString())) {
            expected.remove(resource.name());
            actual.remove(resource.name());
          }
        }
        if (wanted != null) {
          // Nothing can take a load assignment or route away from a client that names it still.
          actual.keySet().retainAll(expected.keySet());
        } else {
          actual.keySet().removeIf(n -> !expected.containsKey(n) && refusedRemoval(type, n));
        }
        assertEquals(expected, actual, type.shortName());
      }
    }

    private boolean refusedRemoval(ResourceType type, String name) {
      return refused.stream().anyMatch(r -> r.startsWith(type.shortName() + " " + name + "@"));
    }
  }
}
