package io.portolan.xds.admin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.portolan.registry.image.MeshService;
import io.portolan.xds.node.NodeParser;
import io.portolan.xds.push.ConnectedProxy;
import io.portolan.xds.push.PushPlanner;
import io.portolan.xds.snapshot.ResourceType;
import io.portolan.xds.snapshot.Snapshot;
import io.portolan.xds.view.MeshContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The admin port: {@code /ready}, {@code /metrics}, {@code /version}, {@code /debug/…}. */
public final class AdminServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);
  private static final int BACKLOG = 64;

  private final HttpServer server;
  private final AdminPages pages;
  private final PushPlanner planner;
  private final Sources sources;

  /**
   * What the pages read besides the registry and the proxies.
   *
   * @param notReady why the control plane is not ready, empty when it is
   * @param findings what is wrong with the sources
   * @param version version of this build
   */
  public record Sources(
      Supplier<String> notReady,
      Supplier<List<Finding>> findings,
      PrometheusMeterRegistry metrics,
      String version) {}

  /** One thing that is wrong with a source. */
  public record Finding(String severity, String file, int line, String text) {}

  private interface Page {
    JsonNode make(Map<String, String> query) throws IOException, NotFound;
  }

  /** Nothing of that name: 404 with a text. */
  private static final class NotFound extends Exception {
    private static final long serialVersionUID = 1L;

    NotFound(String message) {
      super(message);
    }
  }

  /**
   * Binds the port and serves.
   *
   * @throws IOException when the port cannot be bound
   */
  public AdminServer(
      InetSocketAddress address, AdminPages pages, PushPlanner planner, Sources sources)
      throws IOException {
    this.pages = pages;
    this.planner = planner;
    this.sources = sources;
    this.server = HttpServer.create(address, BACKLOG);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/ready", this::ready);
    server.createContext("/metrics", this::metrics);
    json("/version", q -> pages.mapper().createObjectNode().put("version", sources.version()));
    json("/debug/clusters", q -> pages.clusters());
    json("/debug/gateways", q -> pages.gateways());
    json("/debug/leader", q -> pages.leader());
    json("/debug/registry", q -> pages.registry());
    json("/debug/proxies", q -> pages.proxies());
    json("/debug/findings", q -> findings());
    json("/debug/explain", this::explain);
    json("/debug/config", this::config);
    json("/debug/versions", this::versions);
    server.start();
  }

  /** The bound address. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  private void json(String path, Page page) {
    server.createContext(
        path,
        exchange -> {
          int status = 200;
          byte[] body;
          try {
            body = pages.bytes(page.make(query(exchange)));
          } catch (NotFound e) {
            status = 404;
            body = pages.bytes(pages.mapper().createObjectNode().put("error", e.getMessage()));
          } catch (RuntimeException e) {
            LOG.error("page failed path={}", path, e);
            status = 500;
            body = pages.bytes(pages.mapper().createObjectNode().put("error", "internal error"));
          }
          answer(exchange, status, "application/json", body);
        });
  }

  private static void answer(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", type);
      exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private void ready(HttpExchange exchange) throws IOException {
    String reason = sources.notReady().get();
    answer(
        exchange,
        reason.isEmpty() ? 200 : 503,
        "text/plain; charset=utf-8",
        (reason.isEmpty() ? "ready\n" : "not ready: " + reason + "\n")
            .getBytes(StandardCharsets.UTF_8));
  }

  private void metrics(HttpExchange exchange) throws IOException {
    answer(
        exchange,
        200,
        "text/plain; version=0.0.4; charset=utf-8",
        sources.metrics().scrape().getBytes(StandardCharsets.UTF_8));
  }

  private ArrayNode findings() {
    ArrayNode list = pages.mapper().createArrayNode();
    sources
        .findings()
        .get()
        .forEach(
            f ->
                list.addObject()
                    .put("severity", f.severity())
                    .put("file", f.file())
                    .put("line", f.line())
                    .put("text", f.text()));
    return list;
  }

  private ObjectNode explain(Map<String, String> query) throws NotFound {
    ConnectedProxy proxy = proxy(query);
    MeshContext context = planner.context();
    String host = query.getOrDefault("service", "");
    if (context == null) {
      throw new NotFound("nothing is published yet");
    }
    MeshService service =
        service(context, host)
            .orElseThrow(
                () ->
                    new NotFound(
                        "no service '"
                            + host
                            + "' (expected a host name of /debug/registry, or name.namespace)"));
    String port = query.getOrDefault("port", "0");
    ObjectNode root = pages.mapper().createObjectNode();
    new Explanation(context, proxy).into(root, service, port(port));
    return root;
  }

  private static int port(String text) throws NotFound {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new NotFound("port '" + text + "' (expected a number)");
    }
  }

  private static Optional<MeshService> service(MeshContext context, String host) {
    return context.image().services().values().stream()
        .filter(s -> s.hostname().equals(host) || s.hostname().startsWith(host + ".svc."))
        .min(java.util.Comparator.comparing(MeshService::key));
  }

  private ObjectNode config(Map<String, String> query) throws NotFound, IOException {
    ConnectedProxy proxy = proxy(query);
    var snapshot = proxy.snapshot();
    if (snapshot == null) {
      throw new NotFound("the proxy has no configuration yet");
    }
    ObjectNode root = pages.mapper().createObjectNode();
    root.put("proxy", proxy.node().id());
    ConfigDump.into(root, snapshot, pages.mapper());
    return root;
  }

  /** What any node would be served here: two replicas of equal content answer the same. */
  private ObjectNode versions(Map<String, String> query) throws NotFound {
    Node.Builder node = Node.newBuilder();
    try {
      JsonFormat.parser().ignoringUnknownFields().merge(query.getOrDefault("node", "{}"), node);
    } catch (InvalidProtocolBufferException e) {
      throw new NotFound("node is not JSON of an xDS node: " + e.getMessage());
    }
    Snapshot snapshot =
        switch (NodeParser.parse(node.build())) {
          case NodeParser.Parsed.Ok ok -> planner.preview(ok.node());
          case NodeParser.Parsed.Bad bad -> throw new NotFound(String.join("; ", bad.problems()));
        };
    if (snapshot == null) {
      throw new NotFound("nothing is published yet");
    }
    ObjectNode root = pages.mapper().createObjectNode();
    for (ResourceType type : ResourceType.values()) {
      // The version of a certificate names its serial: no two are the same.
      if (type != ResourceType.SECRET) {
        ObjectNode list = root.putObject(type.shortName());
        snapshot.of(type).sorted().forEach(r -> list.put(r.name(), r.version()));
      }
    }
    return root;
  }

  private ConnectedProxy proxy(Map<String, String> query) throws NotFound {
    String id = query.getOrDefault("proxy", "");
    return planner.proxies().stream()
        .filter(
            p ->
                p.node().id().equals(id)
                    || p.node().name().equals(id)
                    || (p.node().name() + "." + p.node().namespace()).equals(id)
                    || (p.node().cluster() + "/" + p.node().name()).equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new NotFound(
                    "no connected proxy '"
                        + id
                        + "' (expected an id or a name of /debug/proxies)"));
  }

  private static Map<String, String> query(HttpExchange exchange) {
    Map<String, String> map = new HashMap<>();
    String raw = exchange.getRequestURI().getRawQuery();
    if (raw != null) {
      for (String part : raw.split("&", -1)) {
        int at = part.indexOf('=');
        if (at > 0) {
          map.put(
              URLDecoder.decode(part.substring(0, at), StandardCharsets.UTF_8),
              URLDecoder.decode(part.substring(at + 1), StandardCharsets.UTF_8));
        }
      }
    }
    return map;
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
