package io.portolan.xds.node;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.portolan.registry.model.Locality;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads a node message, collecting everything that is wrong with it. */
public final class NodeParser {
  private final List<String> problems = new ArrayList<>();

  private NodeParser() {}

  /** A parsed node, or the reasons why it cannot be used. */
  public sealed interface Parsed {
    /** The node is usable. */
    record Ok(ProxyNode node) implements Parsed {}

    /** The node is not usable. */
    record Bad(List<String> problems) implements Parsed {}
  }

  /** Parses {@code type~ip~name.namespace~domain} and the metadata keys that proxies send. */
  public static Parsed parse(Node node) {
    return new NodeParser().read(node);
  }

  private Parsed read(Node node) {
    String[] parts = node.getId().split("~", -1);
    if (parts.length != 4) {
      return bad(
          "node.id: '" + shorten(node.getId()) + "' (expected type~ip~name.namespace~domain)");
    }
    Struct metadata = node.getMetadata();
    ProxyNode.Role role =
        "grpc".equals(text(metadata, "GENERATOR")) ? ProxyNode.Role.PROXYLESS : role(parts[0]);
    List<String> addresses = addresses(parts[1], text(metadata, "INSTANCE_IPS"));
    int dot = parts[2].lastIndexOf('.');
    String name = dot < 0 ? parts[2] : parts[2].substring(0, dot);
    String namespace = text(metadata, "NAMESPACE");
    if (namespace.isEmpty()) {
      int end = parts[3].indexOf('.');
      namespace = end < 0 ? parts[3] : parts[3].substring(0, end);
    }
    if (namespace.isEmpty()) {
      problems.add("node.metadata.NAMESPACE: missing (expected the namespace of the workload)");
    }
    String cluster = text(metadata, "CLUSTER_ID");
    if (cluster.isEmpty()) {
      problems.add("node.metadata.CLUSTER_ID: missing (expected the id of the proxy's cluster)");
    }
    ProxyNode.Interception interception = interception(text(metadata, "INTERCEPTION_MODE"));
    String appAddress = text(metadata, "APP_ADDRESS");
    var locality = node.getLocality();
    if (!problems.isEmpty()) {
      return new Parsed.Bad(List.copyOf(problems));
    }
    return new Parsed.Ok(
        new ProxyNode(
            node.getId(),
            role,
            addresses,
            name,
            namespace,
            cluster,
            text(metadata, "NETWORK"),
            list(text(metadata, "REQUESTED_NETWORK_VIEW")),
            text(metadata, "SERVICE_ACCOUNT"),
            labels(metadata),
            interception,
            appAddress.isEmpty() ? loopback(addresses) : appAddress,
            "true".equals(text(metadata, "UNPRIVILEGED_POD")),
            new Locality(locality.getRegion(), locality.getZone(), locality.getSubZone()),
            version(node)));
  }

  private Parsed bad(String problem) {
    problems.add(problem);
    return new Parsed.Bad(List.copyOf(problems));
  }

  private ProxyNode.Role role(String text) {
    return switch (text) {
      case "sidecar" -> ProxyNode.Role.SIDECAR;
      case "router" -> ProxyNode.Role.ROUTER;
      default -> {
        problems.add("node.id: type '" + shorten(text) + "' (expected sidecar or router)");
        yield ProxyNode.Role.SIDECAR;
      }
    };
  }

  private ProxyNode.Interception interception(String text) {
    return switch (text) {
      case "", "REDIRECT" -> ProxyNode.Interception.REDIRECT;
      case "NONE" -> ProxyNode.Interception.NONE;
      default -> {
        problems.add(
            "node.metadata.INTERCEPTION_MODE: '" + shorten(text) + "' (expected REDIRECT or NONE)");
        yield ProxyNode.Interception.REDIRECT;
      }
    };
  }

  private List<String> addresses(String own, String instanceIps) {
    List<String> found = instanceIps.isEmpty() ? List.of(own) : list(instanceIps);
    for (String address : found) {
      if (!isAddress(address)) {
        problems.add("node.id: '" + shorten(address) + "' (expected an IP address)");
      }
    }
    return found;
  }

  /** Where a workload listens that says nothing else: the loopback address of its own family. */
  private static String loopback(List<String> addresses) {
    return addresses.stream().allMatch(a -> a.indexOf(':') >= 0) ? "::1" : "127.0.0.1";
  }

  private static boolean isAddress(String text) {
    if (text.isEmpty() || text.length() > 45) {
      return false;
    }
    try {
      java.net.InetAddress.ofLiteral(text);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static String text(Struct metadata, String key) {
    Value value = metadata.getFieldsOrDefault(key, Value.getDefaultInstance());
    return switch (value.getKindCase()) {
      case STRING_VALUE -> value.getStringValue();
      case BOOL_VALUE -> Boolean.toString(value.getBoolValue());
      case NUMBER_VALUE, NULL_VALUE, STRUCT_VALUE, LIST_VALUE, KIND_NOT_SET -> "";
    };
  }

  private static Map<String, String> labels(Struct metadata) {
    Map<String, String> labels = new TreeMap<>();
    for (String key : List.of("LABELS", "STATIC_LABELS")) {
      metadata
          .getFieldsOrDefault(key, Value.getDefaultInstance())
          .getStructValue()
          .getFieldsMap()
          .forEach((name, value) -> labels.put(name, value.getStringValue()));
    }
    return labels;
  }

  private static List<String> list(String text) {
    return text.isEmpty()
        ? List.of()
        : java.util.Arrays.stream(text.split(",", -1))
            .map(String::strip)
            .filter(s -> !s.isEmpty())
            .toList();
  }

  private static String version(Node node) {
    var version = node.getUserAgentBuildVersion().getVersion();
    return node.getUserAgentName()
        + " "
        + version.getMajorNumber()
        + "."
        + version.getMinorNumber()
        + "."
        + version.getPatch();
  }

  private static String shorten(String text) {
    return text.length() <= 120 ? text : text.substring(0, 120) + "…";
  }
}
