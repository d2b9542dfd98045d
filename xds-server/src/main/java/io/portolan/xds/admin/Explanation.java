package io.portolan.xds.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.portolan.registry.image.MeshService;
import io.portolan.xds.node.ProxyNode;
import io.portolan.xds.push.ConnectedProxy;
import io.portolan.xds.view.AssignmentView;
import io.portolan.xds.view.MeshContext;
import io.portolan.xds.view.ProxyScope;
import io.portolan.xds.view.ServiceViewBuilder;
import java.util.List;

/**
 * Why an endpoint is in a proxy's load assignment with that priority and weight: the function that
 * made the assignment runs once more and is asked to say its reasons.
 */
final class Explanation {
  private final MeshContext context;
  private final ConnectedProxy proxy;

  Explanation(MeshContext context, ConnectedProxy proxy) {
    this.context = context;
    this.proxy = proxy;
  }

  /** Fills {@code root}; {@code port} 0 means every port. */
  void into(ObjectNode root, MeshService service, int port) {
    ProxyScope scope = proxy.scope();
    root.put("proxy", proxy.node().id());
    root.put("service", service.key().toString());
    ArrayNode assignments = root.putArray("assignments");
    if (scope == null) {
      root.put("note", "the proxy has no configuration yet");
      return;
    }
    root.put("proxyCluster", scope.cluster()).put("proxyNetwork", scope.network());
    root.put("proxyLocality", scope.locality().toString());
    ServiceViewBuilder builder = new ServiceViewBuilder(context, scope);
    boolean router = scope.role() == ProxyNode.Role.ROUTER;
    explain(assignments, builder.explain(service, false), port);
    if (router) {
      explain(assignments, builder.explain(service, true), port);
    }
    ArrayNode notes = root.putArray("notes");
    service.notes().forEach(notes::add);
  }

  private void explain(ArrayNode list, List<ServiceViewBuilder.Pair> pairs, int port) {
    var snapshot = proxy.snapshot();
    for (ServiceViewBuilder.Pair pair : pairs) {
      AssignmentView assignment = pair.hosts();
      boolean held = snapshot != null && snapshot.clusters().get(pair.cluster().name()) != null;
      if (assignment == null || !held || (port != 0 && pair.cluster().port() != port)) {
        continue;
      }
      ObjectNode node = list.addObject();
      node.put("cluster", assignment.cluster());
      ArrayNode sources = node.putArray("sources");
      pair.cluster().sources().forEach(sources::add);
      ArrayNode hosts = node.putArray("endpoints");
      for (AssignmentView.Group group : assignment.groups()) {
        group.hosts().forEach(host -> host(hosts.addObject(), group, host));
      }
      ArrayNode leftOut = node.putArray("leftOut");
      assignment
          .leftOut()
          .forEach(
              l -> leftOut.addObject().put("endpoint", l.endpoint()).put("reason", l.reason()));
    }
  }

  private static void host(ObjectNode node, AssignmentView.Group group, AssignmentView.Host host) {
    node.put("address", host.address() + ":" + host.port());
    node.put("priority", group.priority()).put("locality", group.locality().toString());
    node.put("health", host.health().name()).put("weight", host.weight());
    node.put("meshTls", host.meshTls());
    node.put("priorityReason", host.why().priorityReason());
    node.put("weightReason", host.why().weightReason());
    ArrayNode sources = node.putArray("sources");
    host.why().sources().forEach(sources::add);
  }
}
