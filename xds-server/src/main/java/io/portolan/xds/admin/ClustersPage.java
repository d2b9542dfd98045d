package io.portolan.xds.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.portolan.registry.federation.MemberStatus;
import io.portolan.registry.image.ClusterImage;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.ClusterCondition;
import io.portolan.registry.model.Kind;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The clusters: what was read from each, its life and why its endpoints are treated as they are.
 */
final class ClustersPage {
  private ClustersPage() {}

  static void into(ArrayNode list, RegistryImage now, List<MemberStatus> members) {
    Map<String, MemberStatus> byId = new HashMap<>();
    members.forEach(member -> byId.put(member.cluster(), member));
    Map<String, Integer> endpoints = new HashMap<>();
    now.services()
        .values()
        .forEach(s -> s.endpoints().forEach(e -> endpoints.merge(e.cluster(), 1, Integer::sum)));
    var ids = new TreeSet<>(now.clusters().keySet());
    ids.addAll(now.settings().clusters().keySet());
    ids.addAll(byId.keySet());
    for (String id : ids) {
      ObjectNode node = list.addObject();
      var settings = now.settings().clusters().get(id);
      ClusterImage objects = now.clusters().get(id);
      node.put("id", id).put("network", now.networkOf(id));
      node.put("locality", settings == null ? "" : settings.locality().toString());
      node.put("configured", settings != null);
      ObjectNode counts = node.putObject("objects");
      for (Kind kind : Kind.values()) {
        counts.put(kind.kubernetesName(), objects == null ? 0 : objects.count(kind));
      }
      node.put("services", objects == null ? 0 : objects.count(Kind.SERVICE));
      node.put("pods", objects == null ? 0 : objects.count(Kind.POD));
      node.put("endpoints", endpoints.getOrDefault(id, 0));
      MemberStatus member = byId.get(id);
      if (member != null) {
        member(node.putObject("member"), member);
      }
    }
  }

  private static void member(ObjectNode node, MemberStatus member) {
    condition(node, member.condition());
    node.put("since", member.since().toString());
    node.put("synced", member.synced());
    node.put("silenceSeconds", member.silence().toSeconds());
    node.put("lastProgress", text(member.lastProgress()));
    node.put("lastSync", text(member.lastSync()));
    node.put("lastFailure", member.lastFailure());
    node.put("replacement", member.replacement());
    node.put("snapshot", member.snapshot());
    node.put("uid", member.uid());
    node.put("replaced", member.replaced());
    node.put("rejectedObjects", member.rejected());
    node.put("heldTotal", member.heldTotal());
    ArrayNode held = node.putArray("held");
    member
        .held()
        .forEach(
            h ->
                held.addObject()
                    .put("kind", h.kind().kubernetesName())
                    .put("published", h.published())
                    .put("listed", h.listed())
                    .put("since", h.since().toString()));
    ArrayNode history = node.putArray("history");
    member
        .history()
        .forEach(
            step -> {
              ObjectNode entry = history.addObject().put("at", step.at().toString());
              entry.put("from", step.from().phase().name());
              condition(entry, step.to());
            });
  }

  private static void condition(ObjectNode node, ClusterCondition condition) {
    node.put("phase", condition.phase().name());
    node.put("treatment", condition.treatment().name());
    node.put("reason", condition.reason());
    node.put("restored", condition.restored());
  }

  private static String text(@Nullable Instant instant) {
    return instant == null ? "" : instant.toString();
  }
}
