package io.portolan.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

class SentTest {
  private static ControlPlanes.ProxyStream stream(
      String since, long bytes, long resources, long responses) {
    return new ControlPlanes.ProxyStream("portolan", "east", since, bytes, resources, responses);
  }

  @Test
  void aStreamThatGoesOnCountsWithItsDifference() {
    Sent sent =
        Sent.between(
            Map.of("a.east", stream("t0", 100, 10, 5), "b.east", stream("t0", 100, 10, 5)),
            Map.of("a.east", stream("t0", 161, 12, 6), "b.east", stream("t0", 100, 10, 5)));
    assertEquals(Map.of("a.east", new Sent.Amount(1, 2, 61)), sent.proxies());
    assertEquals(1, sent.quiet());
    assertEquals(2, sent.resources());
    assertEquals(61, sent.bytes());
    assertEquals(1, sent.mostResponses());
  }

  @Test
  void aNewStreamCountsWhole() {
    Sent sent =
        Sent.between(
            Map.of("a.east", stream("t0", 100, 10, 5)), Map.of("a.east", stream("t1", 7, 1, 1)));
    assertEquals(Map.of("a.east", new Sent.Amount(1, 1, 7)), sent.proxies());
  }

  @Test
  void responsesWithoutResourcesAreNothing() {
    Sent sent = Sent.between(Map.of(), Map.of("a.east", stream("t0", 0, 0, 4)));
    assertEquals("sent to 1 proxies: nothing", sent.toString());
  }

  @Test
  void proxiesThatWereSentTheSameStandTogether() {
    Sent sent =
        Sent.between(
            Map.of(),
            Map.of(
                "b.east", stream("t0", 9, 2, 1),
                "a.east", stream("t0", 9, 2, 1),
                "c.east", stream("t0", 0, 0, 0)));
    assertEquals(
        "sent (responses/resources/bytes): a.east, b.east 1/2/9; nothing to 1 others",
        sent.toString());
  }
}
