package io.portolan.xds.generate.route;

import com.google.protobuf.BoolValue;
import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.route.v3.DirectResponseAction;
import io.envoyproxy.envoy.config.route.v3.HeaderMatcher;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.config.route.v3.WeightedCluster;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.portolan.registry.model.VirtualServiceObject.HttpMatch;
import io.portolan.registry.model.VirtualServiceObject.StringMatch;
import io.portolan.xds.generate.Wire;
import io.portolan.xds.generate.cluster.ClusterGenerator;
import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.ResourceType;
import io.portolan.xds.view.RouteView;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Makes route configurations. */
public final class RouteGenerator {
  private RouteGenerator() {}

  /** The route configuration of a view. */
  public static EncodedResource generate(RouteView view) {
    return EncodedResource.of(ResourceType.ROUTE, view.name(), message(view), view.sources());
  }

  static RouteConfiguration message(RouteView view) {
    RouteConfiguration.Builder routes =
        RouteConfiguration.newBuilder()
            .setName(view.name())
            .setValidateClusters(BoolValue.of(false))
            .setIgnorePortInHostMatching(true);
    for (RouteView.VirtualHost host : view.hosts()) {
      VirtualHost.Builder virtual =
          VirtualHost.newBuilder()
              .setName(host.name())
              .addAllDomains(host.domains())
              .setIncludeRequestAttemptCount(true);
      host.rules().forEach(rule -> virtual.addAllRoutes(rule(rule)));
      routes.addVirtualHosts(virtual);
    }
    switch (view.catchAll()) {
      case NONE -> {}
      case ALLOW_ANY ->
          routes.addVirtualHosts(
              VirtualHost.newBuilder()
                  .setName("allow_any")
                  .addDomains("*")
                  .addRoutes(
                      Route.newBuilder()
                          .setName("allow_any")
                          .setMatch(RouteMatch.newBuilder().setPrefix("/"))
                          .setRoute(
                              RouteAction.newBuilder()
                                  .setCluster(ClusterGenerator.PASSTHROUGH)
                                  .setTimeout(Wire.seconds(0)))));
      case BLOCK_ALL ->
          routes.addVirtualHosts(
              VirtualHost.newBuilder()
                  .setName("block_all")
                  .addDomains("*")
                  .addRoutes(
                      Route.newBuilder()
                          .setName("block_all")
                          .setMatch(RouteMatch.newBuilder().setPrefix("/"))
                          .setDirectResponse(DirectResponseAction.newBuilder().setStatus(502))));
    }
    return routes.build();
  }

  private static List<Route> rule(RouteView.Rule rule) {
    List<RouteMatch> matches = new ArrayList<>();
    if (rule.matches().isEmpty()) {
      matches.add(RouteMatch.newBuilder().setPrefix("/").build());
    }
    rule.matches().forEach(match -> matches.add(match(match)));
    List<Route> routes = new ArrayList<>();
    for (RouteMatch match : matches) {
      if (rule.targets().isEmpty()) {
        routes.add(
            Route.newBuilder()
                .setName(rule.name())
                .setMatch(match)
                .setDirectResponse(DirectResponseAction.newBuilder().setStatus(500))
                .build());
      } else if (rule.retries().attempts() == 0) {
        routes.add(route(rule, match, null));
      } else {
        routes.add(route(rule, Retries.idempotent(match), Retries.forIdempotent(rule.retries())));
        routes.add(route(rule, match, Retries.forOthers(rule.retries())));
      }
    }
    return routes;
  }

  private static Route route(
      RouteView.Rule rule,
      RouteMatch match,
      io.envoyproxy.envoy.config.route.v3.@org.jspecify.annotations.Nullable RetryPolicy retries) {
    RouteAction.Builder action = RouteAction.newBuilder();
    if (rule.targets().size() == 1) {
      action.setCluster(rule.targets().getFirst().cluster());
    } else {
      WeightedCluster.Builder weighted = WeightedCluster.newBuilder();
      rule.targets()
          .forEach(
              target ->
                  weighted.addClusters(
                      WeightedCluster.ClusterWeight.newBuilder()
                          .setName(target.cluster())
                          .setWeight(UInt32Value.of(target.weight()))));
      action.setWeightedClusters(weighted);
    }
    action.setTimeout(rule.timeout() == null ? Wire.seconds(0) : Wire.duration(rule.timeout()));
    if (!rule.rewritePrefix().isEmpty()) {
      action.setPrefixRewrite(rule.rewritePrefix());
    }
    if (retries != null) {
      action.setRetryPolicy(retries);
    }
    return Route.newBuilder().setName(rule.name()).setMatch(match).setRoute(action).build();
  }

  private static RouteMatch match(HttpMatch match) {
    RouteMatch.Builder route = RouteMatch.newBuilder();
    StringMatch uri = match.uri();
    if (uri == null) {
      route.setPrefix("/");
    } else {
      switch (uri.type()) {
        case EXACT -> route.setPath(uri.value());
        case PREFIX -> route.setPrefix(uri.value());
        case REGEX -> route.setSafeRegex(RegexMatcher.newBuilder().setRegex(uri.value()));
      }
    }
    if (match.method() != null) {
      route.addHeaders(header(":method", match.method()));
    }
    if (match.authority() != null) {
      route.addHeaders(header(":authority", match.authority()));
    }
    new TreeMap<>(match.headers()).forEach((name, value) -> route.addHeaders(header(name, value)));
    return route.build();
  }

  private static HeaderMatcher header(String name, StringMatch match) {
    HeaderMatcher.Builder header = HeaderMatcher.newBuilder().setName(name);
    if (match.value().isEmpty()) {
      return header.setPresentMatch(true).build();
    }
    StringMatcher.Builder value = StringMatcher.newBuilder();
    switch (match.type()) {
      case EXACT -> value.setExact(match.value());
      case PREFIX -> value.setPrefix(match.value());
      case REGEX -> value.setSafeRegex(RegexMatcher.newBuilder().setRegex(match.value()));
    }
    return header.setStringMatch(value).build();
  }
}
