package io.portolan.xds.admin;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.portolan.registry.federation.MemberStatus;
import io.portolan.registry.image.Endpoint;
import io.portolan.registry.image.MeshService;
import io.portolan.registry.image.NetworkGateway;
import io.portolan.registry.image.RegistryImage;
import io.portolan.xds.push.ConnectedProxy;
import io.portolan.xds.push.PushPlanner;
import io.portolan.xds.stream.StreamSession;
import io.portolan.xds.view.ProxyScope;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Makes the JSON of the debug pages. Safe for any thread. */
public final class AdminPages {
  private final ObjectMapper json = new ObjectMapper();
  private final Supplier<RegistryImage> image;
  private final PushPlanner planner;
  private final Supplier<List<MemberStatus>> members;
  private final Supplier<LeaderPage.@Nullable View> leader;

  /**
   * Pages over the current image, the connected proxies and the member clusters.
   *
   * @param leader gives null where there is no election
   */
  public AdminPages(
      Supplier<RegistryImage> image,
      PushPlanner planner,
      Supplier<List<MemberStatus>> members,
      Supplier<LeaderPage.@Nullable View> leader) {
    this.image = image;
    this.planner = planner;
    this.members = members;
    this.leader = leader;
  }

  /** Who of several replicas writes, and what it has written. */
  ObjectNode leader() {
    ObjectNode root = json.createObjectNode();
    LeaderPage.into(root, leader.get());
    return root;
  }

  /** The clusters with what was read from them, and the life of those that are members. */
  ArrayNode clusters() {
    ArrayNode list = json.createArrayNode();
    ClustersPage.into(list, image.get(), members.get());
    return list;
  }

  /** The east-west gateways and what their probes say. */
  ArrayNode gateways() {
    ArrayNode list = json.createArrayNode();
    new TreeMap<>(image.get().gateways())
        .values().stream()
            .flatMap(List::stream)
            .forEach(
                (NetworkGateway g) ->
                    list.addObject()
                        .put("network", g.network())
                        .put("address", g.address())
                        .put("port", g.port())
                        .put("up", g.up())
                        .put("reason", g.reason())
                        .put("source", g.source())
                        .put("host", g.host()));
    return list;
  }

  /** The registry as a tree: services, members, endpoints. */
  ObjectNode registry() {
    RegistryImage now = image.get();
    ObjectNode root = json.createObjectNode();
    root.put("generation", now.generation());
    root.put("trustDomain", now.settings().trustDomain());
    ArrayNode services = root.putArray("services");
    now.services().values().stream()
        .sorted(Comparator.comparing(MeshService::key))
        .forEach(service -> service(services.addObject(), service));
    return root;
  }

  private static void service(ObjectNode node, MeshService service) {
    node.put("hostname", service.hostname());
    node.put("namespace", service.key().namespace());
    node.put("resolution", service.resolution().name());
    node.put("external", service.external());
    ArrayNode ports = node.putArray("ports");
    service
        .ports()
        .forEach(
            p ->
                ports
                    .addObject()
                    .put("number", p.number())
                    .put("name", p.name())
                    .put("protocol", p.protocol().name()));
    ArrayNode members = node.putArray("members");
    service
        .members()
        .forEach(
            m -> {
              ObjectNode member = members.addObject();
              member.put("cluster", m.cluster()).put("source", m.ref().toString());
              member.put("origin", m.origin().toString());
              ArrayNode addresses = member.putArray("addresses");
              m.addresses().forEach(addresses::add);
            });
    ArrayNode endpoints = node.putArray("endpoints");
    service.endpoints().forEach(e -> endpoint(endpoints.addObject(), e));
    ArrayNode notes = node.putArray("notes");
    service.notes().forEach(notes::add);
  }

  private static void endpoint(ObjectNode node, Endpoint e) {
    node.put("address", e.address());
    ObjectNode ports = node.putObject("ports");
    new TreeMap<>(e.ports()).forEach((port, target) -> ports.put(port.toString(), target));
    node.put("cluster", e.cluster()).put("network", e.network());
    node.put("locality", e.locality().toString());
    node.put("workload", e.workload()).put("serviceAccount", e.serviceAccount());
    node.put("health", e.health().name()).put("weight", e.weight());
    node.put("meshTls", e.meshTls()).put("source", e.source().toString());
    if (!e.otherAddresses().isEmpty()) {
      ArrayNode others = node.putArray("otherAddresses");
      e.otherAddresses().forEach(others::add);
    }
    if (!e.hostname().isEmpty()) {
      node.put("hostname", e.hostname());
    }
  }

  /** The connected proxies: what each was sent, acknowledged and refused. */
  ArrayNode proxies() {
    ArrayNode list = json.createArrayNode();
    planner.proxies().stream()
        .sorted(
            Comparator.comparing((ConnectedProxy p) -> p.node().id())
                .thenComparingLong(p -> p.connection().id()))
        .forEach(proxy -> proxy(list.addObject(), proxy));
    return list;
  }

  private void proxy(ObjectNode node, ConnectedProxy proxy) {
    var claims = proxy.node();
    ProxyScope scope = proxy.scope();
    node.put("id", claims.id()).put("name", claims.name()).put("namespace", claims.namespace());
    node.put("cluster", claims.cluster()).put("network", scope == null ? "" : scope.network());
    node.put("locality", scope == null ? "" : scope.locality().toString());
    node.put("role", claims.role().name().toLowerCase(Locale.ROOT));
    node.put("serviceAccount", claims.serviceAccount());
    node.put("identity", proxy.identity() == null ? "" : proxy.identity().uri());
    node.put("version", claims.version());
    node.put("protocol", proxy.connection().delta() ? "delta" : "sotw");
    node.put("peer", proxy.connection().peer());
    node.put("connectedSince", proxy.since().toString());
    node.put("bytesSent", proxy.bytesSent());
    node.put("resourcesSent", proxy.resourcesSent());
    node.put("responses", proxy.responses());
    node.put("pushes", proxy.pushes());
    if (proxy.failure() != null) {
      node.put("failure", proxy.failure());
    }
    ObjectNode types = node.putObject("types");
    for (StreamSession.TypeStatus status : proxy.connection().status().get()) {
      type(types.putObject(status.type().shortName()), proxy, status);
    }
    ArrayNode notes = node.putArray("notes");
    proxy.notes().forEach(notes::add);
    if (scope != null) {
      planner.notes(scope).forEach(notes::add);
    }
  }

  private static void type(ObjectNode node, ConnectedProxy proxy, StreamSession.TypeStatus status) {
    var snapshot = proxy.snapshot();
    int resources =
        status.wildcard() && snapshot != null ? snapshot.of(status.type()).size() : status.names();
    node.put("resources", resources);
    node.put("version", status.ackedVersion());
    node.put("sentVersion", status.sentVersion());
    node.put("sent", status.sent()).put("acked", status.acked()).put("nacked", status.nacked());
    node.put("resourcesSent", status.resourcesSent());
    node.put("pending", status.outstanding());
    node.put("lastNack", status.lastNack());
  }

  /** JSON text of a node. */
  byte[] bytes(com.fasterxml.jackson.databind.JsonNode node) throws java.io.IOException {
    return json.writerWithDefaultPrettyPrinter().writeValueAsBytes(node);
  }

  ObjectMapper mapper() {
    return json;
  }
}
