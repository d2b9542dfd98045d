package io.portolan.xds.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.portolan.registry.federation.MemberStatus;
import io.portolan.registry.federation.Transition;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.ClusterCondition.Phase;
import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClustersPageTest {
  private static final Instant THEN = Instant.parse("2026-01-02T03:04:05Z");

  @Test
  void aMemberIsShownWithItsReasonHistoryAndDoubts() {
    ClusterCondition live = new ClusterCondition(Phase.LIVE, Treatment.KEEP, "", false);
    ClusterCondition lost =
        new ClusterCondition(Phase.LOST, Treatment.UNHEALTHY, "both lost", true);
    MemberStatus member =
        new MemberStatus(
            "east",
            lost,
            THEN,
            true,
            Duration.ofSeconds(42),
            THEN.minusSeconds(42),
            null,
            "connection refused",
            Map.of(Kind.SERVICE, 3),
            List.of(new MemberStatus.Held(Kind.SERVICE, 3, 0, THEN)),
            7,
            1,
            "since then, not listed yet: [POD]",
            "written at 3",
            "u-2",
            "was u-1, is u-2",
            List.of(new Transition(THEN, live, lost)));
    ArrayNode page = new ObjectMapper().createArrayNode();
    ClustersPage.into(page, RegistryImage.empty(), List.of(member));
    assertEquals(1, page.size());
    JsonNode shown = page.get(0).path("member");
    assertEquals("east", page.get(0).path("id").asText());
    assertEquals("LOST", shown.path("phase").asText());
    assertEquals("UNHEALTHY", shown.path("treatment").asText());
    assertEquals("both lost", shown.path("reason").asText());
    assertEquals(true, shown.path("restored").asBoolean());
    assertEquals(42, shown.path("silenceSeconds").asLong());
    assertEquals("2026-01-02T03:03:23Z", shown.path("lastProgress").asText());
    assertEquals("", shown.path("lastSync").asText());
    assertEquals("Service", shown.path("held").get(0).path("kind").asText());
    assertEquals(3, shown.path("held").get(0).path("published").asInt());
    assertEquals("u-2", shown.path("uid").asText());
    assertEquals("was u-1, is u-2", shown.path("replaced").asText());
    assertEquals(7, shown.path("heldTotal").asInt());
    assertEquals("LIVE", shown.path("history").get(0).path("from").asText());
    assertEquals("LOST", shown.path("history").get(0).path("phase").asText());
  }
}
