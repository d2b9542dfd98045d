package io.portolan.xds.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.ResourceType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The protocol as a table: one line per event with the actions it must cause.
 *
 * <p>A table may begin with a snapshot, which causes nothing. Events: {@code snap R…} new snapshot;
 * {@code sub T +a -b} subscription change (delta), {@code names T a b} list (state-of-the-world);
 * {@code first T [held a=VERSIONOF]} first request; {@code ack T}, {@code nack T}, {@code stale T}.
 * Actions: {@code T[resources](-removed)}, {@code acked T}, {@code nacked T}, {@code ignored}.
 */
class StreamSessionTableTest {
  private static final String BASE =
      "CDS:a=1 CDS:b=1 EDS:a=1 EDS:b=1 LDS:l=1 RDS:r=1 SDS:default=1";

  static Stream<Arguments> delta() {
    return Stream.of(
        Arguments.of(
            "wildcard is answered, also when there is nothing",
            List.of("snap ", "first CDS", "CDS[]")),
        Arguments.of(
            "wildcard gets everything",
            List.of("snap " + BASE, "first CDS", "CDS[a b]", "ack CDS", "acked CDS")),
        Arguments.of(
            "a request before the first snapshot is answered when it comes",
            List.of("first CDS", "", "snap " + BASE, "CDS[a b]")),
        Arguments.of(
            "names get what they ask for",
            List.of(
                "snap " + BASE,
                "first EDS +a",
                "EDS[a]",
                "ack EDS",
                "acked EDS",
                "sub EDS +b",
                "EDS[b]")),
        Arguments.of(
            "a request is answered although a response is outstanding",
            List.of("snap " + BASE, "first EDS +a", "EDS[a]", "sub EDS +b", "EDS[b]")),
        Arguments.of(
            "unknown load assignment and route are answered with empty ones",
            List.of("snap " + BASE, "first EDS +x", "EDS[x]", "first RDS +y", "RDS[y]")),
        Arguments.of(
            "an unknown secret is said to be gone, and sent when it appears",
            List.of(
                "snap " + BASE,
                "first SDS +x",
                "SDS[](-x)",
                "ack SDS",
                "acked SDS",
                "snap " + BASE + " SDS:x=1",
                "SDS[x]")),
        Arguments.of(
            "an unknown cluster asked by name is said to be gone",
            List.of("snap " + BASE, "first CDS +* +x", "CDS[a b](-x)")),
        Arguments.of(
            "a change sends only what changed",
            List.of(
                "snap " + BASE,
                "first EDS +a +b",
                "EDS[a b]",
                "ack EDS",
                "acked EDS",
                "snap " + BASE.replace("EDS:b=1", "EDS:b=2"),
                "EDS[b]")),
        Arguments.of(
            "pushes wait for the ACK, and only the newest counts",
            List.of(
                "snap " + BASE,
                "first EDS +a",
                "EDS[a]",
                "snap " + BASE.replace("EDS:a=1", "EDS:a=2"),
                "",
                "snap " + BASE.replace("EDS:a=1", "EDS:a=3"),
                "",
                "ack EDS",
                "acked EDS EDS[a]")),
        Arguments.of(
            "a changed cluster is followed by its load assignment, though that is unchanged",
            List.of(
                "snap " + BASE,
                "first CDS",
                "CDS[a b]",
                "first EDS +a +b",
                "EDS[a b]",
                "ack EDS",
                "acked EDS",
                "ack CDS",
                "acked CDS",
                "snap " + BASE.replace("CDS:a=1", "CDS:a=2"),
                "CDS[a] EDS[a]")),
        Arguments.of(
            "listeners and routes wait for the CDS ACK, load assignments do not",
            List.of(
                "snap " + BASE,
                "first CDS",
                "CDS[a b]",
                "ack CDS",
                "acked CDS",
                "first EDS +a +b",
                "EDS[a b]",
                "ack EDS",
                "acked EDS",
                "first LDS",
                "LDS[l]",
                "ack LDS",
                "acked LDS",
                "first RDS +r",
                "RDS[r]",
                "ack RDS",
                "acked RDS",
                "snap CDS:a=1 CDS:b=2 CDS:c=1 EDS:a=1 EDS:b=2 EDS:c=1 LDS:l=2 RDS:r=2",
                "CDS[b c] EDS[b]",
                "sub EDS +c",
                "EDS[c]",
                "ack EDS",
                "ignored-or-acked",
                "ack CDS",
                "acked CDS LDS[l] RDS[r]")),
        Arguments.of(
            "a cluster goes last, when no route can name it any more",
            List.of(
                "snap " + BASE,
                "first CDS",
                "CDS[a b]",
                "ack CDS",
                "acked CDS",
                "first LDS",
                "LDS[l]",
                "ack LDS",
                "acked LDS",
                "first RDS +r",
                "RDS[r]",
                "ack RDS",
                "acked RDS",
                "snap CDS:a=1 EDS:a=1 LDS:l=1 RDS:r=2",
                "RDS[r]",
                "ack RDS",
                "acked RDS CDS[](-b)")),
        Arguments.of(
            "a removed listener is said to be gone",
            List.of(
                "snap " + BASE,
                "first LDS",
                "LDS[l]",
                "ack LDS",
                "acked LDS",
                "snap CDS:a=1",
                "LDS[](-l)")),
        Arguments.of(
            "a load assignment that vanishes is never removed",
            List.of(
                "snap " + BASE,
                "first EDS +a +b",
                "EDS[a b]",
                "ack EDS",
                "acked EDS",
                "snap CDS:a=1 EDS:a=1",
                "")),
        Arguments.of(
            "a NACK is inert until the content changes",
            List.of(
                "snap " + BASE,
                "first LDS",
                "LDS[l]",
                "nack LDS",
                "nacked LDS",
                "snap " + BASE.replace("EDS:a=1", "EDS:a=2"),
                "",
                "snap " + BASE.replace("LDS:l=1", "LDS:l=2"),
                "LDS[l]")),
        Arguments.of(
            "a stale nonce is ignored but its subscription counts",
            List.of("snap " + BASE, "first EDS +a", "EDS[a]", "stale EDS +b", "ignored EDS[b]")),
        Arguments.of(
            "what is unsubscribed is not sent",
            List.of(
                "snap " + BASE,
                "first EDS +a +b",
                "EDS[a b]",
                "ack EDS",
                "acked EDS",
                "sub EDS -b",
                "",
                "snap " + BASE.replace("EDS:b=1", "EDS:b=2"),
                "")),
        Arguments.of(
            "unsubscribing a name under a wildcard is answered with it",
            List.of(
                "snap " + BASE,
                "first CDS +* +a",
                "CDS[a b]",
                "ack CDS",
                "acked CDS",
                "sub CDS -a",
                "CDS[a]")),
        Arguments.of(
            "unsubscribing the wildcard ends it",
            List.of(
                "snap " + BASE,
                "first CDS +*",
                "CDS[a b]",
                "ack CDS",
                "acked CDS",
                "sub CDS -*",
                "",
                "snap " + BASE.replace("CDS:a=1", "CDS:a=2"),
                "")),
        Arguments.of(
            "a wildcard that was not asked for by name stays when names come",
            List.of(
                "snap " + BASE,
                "first CDS",
                "CDS[a b]",
                "ack CDS",
                "acked CDS",
                "sub CDS +x",
                "CDS[](-x)",
                "ack CDS",
                "acked CDS",
                "snap " + BASE.replace("CDS:b=1", "CDS:b=2"),
                "CDS[b]")),
        Arguments.of(
            "reconnect: what is held in the right version is not sent again",
            List.of(
                "snap " + BASE,
                "first CDS held CDS:a=1 CDS:b=1",
                "CDS[]",
                "first EDS +a +b held EDS:a=1 EDS:b=1",
                "",
                "first SDS +default held SDS:default=1",
                "",
                "first LDS held LDS:l=1",
                "LDS[]",
                "first RDS +r held RDS:r=1",
                "")),
        Arguments.of(
            "reconnect: what differs is sent, what vanished is removed last",
            List.of(
                "snap " + BASE,
                "first CDS held CDS:a=1 CDS:b=0 CDS:z=1",
                "CDS[b]",
                "ack CDS",
                "acked CDS CDS[](-z)")),
        Arguments.of(
            "reconnect: a changed cluster brings its load assignment although that is held",
            List.of(
                "snap " + BASE,
                "first CDS held CDS:a=1 CDS:b=0",
                "CDS[b]",
                "first EDS +a +b held EDS:a=1 EDS:b=1",
                "EDS[b]")),
        Arguments.of(
            "reconnect before the snapshot: nothing held is sent again either",
            List.of(
                "first EDS +a +b held EDS:a=1 EDS:b=1",
                "",
                "snap " + BASE.replace("EDS:b=1", "EDS:b=2"),
                "EDS[b]")),
        Arguments.of("an unknown type is ignored", List.of("unknown", "ignored")));
  }

  static Stream<Arguments> sotw() {
    return Stream.of(
        Arguments.of(
            "no names is everything, while none were ever given",
            List.of("snap " + BASE, "names CDS", "CDS[a b]", "ack CDS", "acked CDS")),
        Arguments.of(
            "every answer to a wildcard is the full set",
            List.of(
                "snap " + BASE,
                "names CDS",
                "CDS[a b]",
                "ack CDS",
                "acked CDS",
                "snap " + BASE.replace("CDS:a=1", "CDS:a=2"),
                "CDS[a b]")),
        Arguments.of(
            "a stale nonce is not answered",
            List.of("snap " + BASE, "names EDS a", "EDS[a]", "stale EDS a b", "ignored")),
        Arguments.of(
            "a new name in a list is answered",
            List.of("snap " + BASE, "names EDS a", "EDS[a]", "ack EDS a b", "acked EDS EDS[b]")),
        Arguments.of(
            "an empty list after names is nothing",
            List.of(
                "snap " + BASE,
                "names EDS a",
                "EDS[a]",
                "ack EDS",
                "acked EDS",
                "snap " + BASE.replace("EDS:a=1", "EDS:a=2"),
                "")),
        Arguments.of(
            "a cluster that goes stays listed until routes are settled",
            List.of(
                "snap " + BASE,
                "names CDS",
                "CDS[a b]",
                "ack CDS",
                "acked CDS",
                "names RDS r",
                "RDS[r]",
                "ack RDS r",
                "acked RDS",
                "snap CDS:a=2 EDS:a=1 RDS:r=2",
                "CDS[a b]",
                "ack CDS",
                "acked CDS RDS[r]",
                "ack RDS r",
                "acked RDS CDS[a]")),
        Arguments.of(
            "a NACK is inert",
            List.of("snap " + BASE, "names CDS", "CDS[a b]", "nack CDS", "nacked CDS")),
        Arguments.of(
            "a nonce of an earlier stream is a first request",
            List.of("snap " + BASE, "old EDS a", "EDS[a]")),
        Arguments.of(
            "an unknown load assignment is answered with an empty one",
            List.of("snap " + BASE, "names EDS x", "EDS[x]")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void delta(String name, List<String> table) {
    new Run(true).play(table);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void sotw(String name, List<String> table) {
    new Run(false).play(table);
  }

  /** Plays events and compares actions. */
  private static final class Run {
    private final boolean delta;
    private final StreamSession session;
    private final Map<ResourceType, String> nonces = new HashMap<>();

    Run(boolean delta) {
      this.delta = delta;
      this.session = new StreamSession(delta, (n, held, current) -> held.equals(current));
    }

    void play(List<String> table) {
      int first = 0;
      if (table.getFirst().startsWith("snap")) {
        assertEquals("", text(session.on(event(table.getFirst()))), "nobody has asked yet");
        first = 1;
      }
      for (int i = first; i < table.size(); i += 2) {
        String actions = text(session.on(event(table.get(i))));
        String expected = table.get(i + 1);
        if (expected.equals("ignored-or-acked")) {
          continue;
        }
        assertEquals(expected, actions, "after '" + table.get(i) + "'");
      }
    }

    private StreamEvent event(String line) {
      String[] words = line.strip().split("\\s+");
      if (words[0].equals("snap")) {
        return new StreamEvent.SnapshotChanged(TestResources.snapshot(line.substring(4).strip()));
      }
      if (words[0].equals("unknown")) {
        return new StreamEvent.UnknownType("type.googleapis.com/none");
      }
      ResourceType type = TestResources.type(words[1]);
      List<String> rest = List.of(words).subList(2, words.length);
      String nonce =
          switch (words[0]) {
            case "ack", "nack" -> nonces.get(type);
            case "stale", "old" -> "from another time";
            default -> "";
          };
      String error = words[0].equals("nack") ? "refused by test" : null;
      return delta ? deltaEvent(type, rest, nonce, error) : sotwEvent(type, rest, nonce, error);
    }

    private static StreamEvent sotwEvent(
        ResourceType type, List<String> names, String nonce, @Nullable String error) {
      return new StreamEvent.Sotw(type, names, "", nonce, error);
    }

    private static StreamEvent deltaEvent(
        ResourceType type, List<String> words, String nonce, @Nullable String error) {
      List<String> subscribe = new ArrayList<>();
      List<String> unsubscribe = new ArrayList<>();
      Map<String, String> held = new HashMap<>();
      for (String word : words) {
        if (word.startsWith("+")) {
          subscribe.add(word.substring(1));
        } else if (word.startsWith("-")) {
          unsubscribe.add(word.substring(1));
        } else if (!word.equals("held")) {
          EncodedResource resource = TestResources.resource(word);
          held.put(resource.name(), resource.version());
        }
      }
      return new StreamEvent.Delta(type, subscribe, unsubscribe, held, nonce, error);
    }

    private String text(List<StreamAction> actions) {
      List<String> words = new ArrayList<>();
      for (StreamAction action : actions) {
        switch (action) {
          case StreamAction.Send send -> {
            nonces.put(send.type(), send.nonce());
            String names =
                String.join(" ", send.resources().stream().map(EncodedResource::name).toList());
            String removed =
                send.removed().isEmpty() ? "" : "(-" + String.join(" -", send.removed()) + ")";
            words.add(send.type().shortName() + "[" + names + "]" + removed);
          }
          case StreamAction.Acked acked -> words.add("acked " + acked.type().shortName());
          case StreamAction.Nacked nacked -> words.add("nacked " + nacked.type().shortName());
          case StreamAction.Ignored ignored -> words.add("ignored");
        }
      }
      return String.join(" ", words);
    }
  }
}
