package io.portolan.xds.snapshot;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The resource types of ADS, in the order in which a change is sent: make before break asks for
 * clusters, endpoints, listeners, routes.
 */
public enum ResourceType {
  CLUSTER("CDS", "envoy.config.cluster.v3.Cluster", true),
  ENDPOINT("EDS", "envoy.config.endpoint.v3.ClusterLoadAssignment", false),
  LISTENER("LDS", "envoy.config.listener.v3.Listener", true),
  ROUTE("RDS", "envoy.config.route.v3.RouteConfiguration", false),
  SECRET("SDS", "envoy.extensions.transport_sockets.tls.v3.Secret", false);

  private static final Map<String, ResourceType> BY_URL =
      Arrays.stream(values()).collect(Collectors.toMap(ResourceType::typeUrl, Function.identity()));

  private final String shortName;
  private final String typeUrl;
  private final boolean wildcard;

  ResourceType(String shortName, String message, boolean wildcard) {
    this.shortName = shortName;
    this.typeUrl = "type.googleapis.com/" + message;
    this.wildcard = wildcard;
  }

  /** {@code CDS}, {@code EDS}, … */
  public String shortName() {
    return shortName;
  }

  /** The type URL of its {@code Any}. */
  public String typeUrl() {
    return typeUrl;
  }

  /** True where an empty first subscription means everything. */
  public boolean legacyWildcard() {
    return wildcard;
  }

  /** The type of a URL, empty when it is not one of ours. */
  public static Optional<ResourceType> ofTypeUrl(String url) {
    return Optional.ofNullable(BY_URL.get(url));
  }
}
