package io.portolan.xds.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.portolan.registry.source.kubernetes.leader.Leadership;
import io.portolan.registry.source.kubernetes.roots.RootStatus;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Who of several replicas writes, and what it has written where. */
public final class LeaderPage {
  private LeaderPage() {}

  /**
   * What there is to show.
   *
   * @param lease namespace and name of the Lease
   */
  public record View(String lease, Leadership.Status leadership, List<RootStatus> roots) {
    public View {
      roots = List.copyOf(roots);
    }
  }

  static void into(ObjectNode root, @Nullable View view) {
    root.put("elected", view != null);
    if (view == null) {
      return;
    }
    Leadership.Status status = view.leadership();
    root.put("lease", view.lease());
    root.put("identity", status.identity());
    root.put("leading", status.leading());
    root.put("leader", status.leader());
    root.put("epoch", status.transitions());
    root.put("since", text(status.since()));
    root.put("renewed", text(status.renewed()));
    root.put("failure", status.failure());
    ArrayNode roots = root.putArray("roots");
    view.roots().forEach(r -> roots(roots.addObject(), r));
  }

  private static void roots(ObjectNode node, RootStatus status) {
    node.put("cluster", status.cluster()).put("configMap", status.configMap());
    node.put("state", status.state().name()).put("reason", status.reason());
    node.put("current", status.current()).put("due", status.due());
    node.put("writes", status.writes());
    RootStatus.LastWrite last = status.lastWrite();
    if (last != null) {
      node.putObject("lastWrite")
          .put("namespace", last.namespace())
          .put("at", last.at().toString())
          .put("epoch", last.epoch());
    }
    node.put("lastFailure", status.lastFailure());
    texts(node.putArray("left"), status.left());
    texts(node.putArray("failing"), status.failing());
    ArrayNode repaired = node.putArray("repaired");
    new TreeMap<>(status.repaired())
        .forEach(
            (namespace, times) ->
                repaired.addObject().put("namespace", namespace).put("times", times));
  }

  private static void texts(ArrayNode list, Map<String, String> reasons) {
    new TreeMap<>(reasons)
        .forEach(
            (namespace, reason) ->
                list.addObject().put("namespace", namespace).put("reason", reason));
  }

  private static String text(Instant instant) {
    return instant.equals(Instant.EPOCH) ? "" : instant.toString();
  }
}
