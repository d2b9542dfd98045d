package io.portolan.registry.source.objects;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.portolan.registry.model.GatewayObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.VirtualServiceObject;
import io.portolan.registry.model.VirtualServiceObject.HttpMatch;
import io.portolan.registry.model.VirtualServiceObject.MatchType;
import io.portolan.registry.model.VirtualServiceObject.StringMatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Translates VirtualServices and Gateways. */
final class RouteTranslator {
  private static final int MAX_PORT = 65535;
  private static final int MAX_REGEX = 1024;

  private RouteTranslator() {}

  static VirtualServiceObject virtualService(
      ObjectRef ref, Origin origin, Fields spec, String domain) {
    List<String> hosts =
        spec.strings("hosts").stream()
            .map(h -> Hosts.qualified(h, ref.namespace(), domain))
            .toList();
    List<String> gateways =
        spec.strings("gateways").stream()
            .map(g -> g.equals("mesh") || g.indexOf('/') >= 0 ? g : ref.namespace() + "/" + g)
            .toList();
    List<VirtualServiceObject.HttpRoute> http =
        spec.objects("http", r -> route(r, ref.namespace(), domain));
    boolean sidecars = gateways.isEmpty() || gateways.contains("mesh");
    for (String key : List.of("tls", "tcp")) {
      if (sidecars && spec.has(key)) {
        spec.findings()
            .warning(
                spec.lineOf(key), spec.path(key), "is served by gateways only, not by sidecars");
      }
    }
    List<VirtualServiceObject.L4Route> tls =
        spec.objects("tls", r -> l4Route(r, ref.namespace(), domain, hosts));
    List<VirtualServiceObject.L4Route> tcp =
        spec.objects("tcp", r -> l4Route(r, ref.namespace(), domain, null));
    return new VirtualServiceObject(
        ref, origin, hosts, gateways, http, tls, tcp, spec.strings("exportTo"));
  }

  /** {@code tlsWithin} are the hosts server names must lie in, null for a TCP route. */
  private static VirtualServiceObject.L4Route l4Route(
      Fields route, String namespace, String domain, @Nullable List<String> tlsWithin) {
    if (tlsWithin != null && !route.has("match")) {
      route.findings().error(route.line(), route.path("match"), "is missing");
    }
    List<VirtualServiceObject.L4Match> matches =
        route.objects("match", m -> l4Match(m, namespace, tlsWithin));
    List<VirtualServiceObject.Destination> destinations = destinations(route, namespace, domain);
    if (destinations.isEmpty()) {
      route.findings().error(route.line(), route.path("route"), "is missing");
    }
    return new VirtualServiceObject.L4Route(matches, destinations);
  }

  private static VirtualServiceObject.L4Match l4Match(
      Fields match, String namespace, @Nullable List<String> tlsWithin) {
    List<String> names = List.of();
    if (tlsWithin != null) {
      names = match.strings("sniHosts");
      if (names.isEmpty()) {
        match.findings().error(match.line(), match.path("sniHosts"), "is missing");
      }
      for (String name : names) {
        // Istio's webhook refuses names outside of the hosts.
        if (tlsWithin.stream().noneMatch(h -> Hosts.covers(h, name))) {
          match
              .findings()
              .error(
                  match.lineOf("sniHosts"),
                  match.path("sniHosts"),
                  name + " (expected a name that spec.hosts covers: " + tlsWithin + ")");
        }
      }
    }
    var made =
        new VirtualServiceObject.L4Match(
            names,
            match.integer("port", 0, 1, MAX_PORT),
            match.strings("gateways").stream()
                .map(g -> g.equals("mesh") || g.indexOf('/') >= 0 ? g : namespace + "/" + g)
                .toList());
    match.notServed("destinationSubnets", "sourceSubnet", "sourceLabels", "sourceNamespace");
    return made;
  }

  private static List<VirtualServiceObject.Destination> destinations(
      Fields route, String namespace, String domain) {
    List<VirtualServiceObject.Destination> destinations =
        new ArrayList<>(route.objects("route", d -> destination(d, namespace, domain)));
    if (destinations.size() == 1 && destinations.getFirst().weight() == 0) {
      var only = destinations.getFirst();
      destinations.set(
          0, new VirtualServiceObject.Destination(only.host(), only.subset(), only.port(), 100));
    }
    return destinations;
  }

  private static VirtualServiceObject.HttpRoute route(
      Fields route, String namespace, String domain) {
    List<HttpMatch> matches = route.objects("match", RouteTranslator::match);
    List<VirtualServiceObject.Destination> destinations = destinations(route, namespace, domain);
    String rewrite = "";
    Fields rewriting = route.object("rewrite");
    if (rewriting != null) {
      rewrite = rewriting.string("uri", "");
      rewriting.notServed("authority", "uriRegexRewrite");
      rewriting.finish();
    }
    VirtualServiceObject.Retries retries = retries(route.object("retries"));
    var made =
        new VirtualServiceObject.HttpRoute(
            route.string("name", ""),
            matches,
            destinations,
            rewrite,
            route.duration("timeout"),
            retries);
    route.notServed(
        "redirect",
        "directResponse",
        "delegate",
        "fault",
        "mirror",
        "mirrors",
        "mirrorPercentage",
        "corsPolicy",
        "headers");
    return made;
  }

  static VirtualServiceObject.@Nullable Retries retries(@Nullable Fields retries) {
    if (retries == null) {
      return null;
    }
    var made =
        new VirtualServiceObject.Retries(
            retries.integer("attempts", 2, 0, 100),
            retries.duration("perTryTimeout"),
            retries.string("retryOn", ""));
    retries.notServed("retryRemoteLocalities", "retryIgnorePreviousHosts", "backoff");
    retries.finish();
    return made;
  }

  private static VirtualServiceObject.Destination destination(
      Fields weighted, String namespace, String domain) {
    int weight = weighted.integer("weight", 0, 0, Integer.MAX_VALUE);
    Fields destination = weighted.object("destination");
    weighted.notServed("headers");
    if (destination == null) {
      weighted.findings().error(weighted.line(), weighted.path("destination"), "is missing");
      return new VirtualServiceObject.Destination("", "", 0, 0);
    }
    int port = 0;
    Fields selector = destination.object("port");
    if (selector != null) {
      port = selector.integer("number", 0, 1, MAX_PORT);
      selector.finish();
    }
    var made =
        new VirtualServiceObject.Destination(
            Hosts.qualified(destination.required("host"), namespace, domain),
            destination.string("subset", ""),
            port,
            weight);
    destination.finish();
    return made;
  }

  private static HttpMatch match(Fields match) {
    Map<String, StringMatch> headers = new HashMap<>();
    match
        .objectMap("headers")
        .forEach(
            (name, value) -> {
              StringMatch header = stringMatch(value);
              headers.put(name, header == null ? new StringMatch(MatchType.PREFIX, "") : header);
            });
    HttpMatch made =
        new HttpMatch(
            stringMatch(match.object("uri")),
            stringMatch(match.object("method")),
            stringMatch(match.object("authority")),
            headers);
    match.ignore("name");
    match.notServed(
        "scheme",
        "port",
        "sourceLabels",
        "gateways",
        "queryParams",
        "ignoreUriCase",
        "withoutHeaders",
        "sourceNamespace",
        "statPrefix");
    return made;
  }

  private static @Nullable StringMatch stringMatch(@Nullable Fields match) {
    if (match == null) {
      return null;
    }
    String exact = match.string("exact", "");
    String prefix = match.string("prefix", "");
    String regex = match.string("regex", "");
    match.finish();
    if (!exact.isEmpty()) {
      return new StringMatch(MatchType.EXACT, exact);
    }
    if (!regex.isEmpty()) {
      checkRegex(match, regex);
      return new StringMatch(MatchType.REGEX, regex);
    }
    return prefix.isEmpty() ? null : new StringMatch(MatchType.PREFIX, prefix);
  }

  private static void checkRegex(Fields match, String regex) {
    if (regex.length() > MAX_REGEX) {
      match
          .findings()
          .error(
              match.lineOf("regex"),
              match.path("regex"),
              regex.length() + " characters (expected at most " + MAX_REGEX + ")");
      return;
    }
    try {
      Pattern.compile(regex);
    } catch (PatternSyntaxException e) {
      match
          .findings()
          .error(
              match.lineOf("regex"),
              match.path("regex"),
              "is not an RE2 expression: " + e.getDescription());
    }
  }

  static GatewayObject gateway(ObjectRef ref, Origin origin, Fields spec) {
    Map<String, String> selector = spec.stringMap("selector");
    List<GatewayObject.Server> servers = spec.objects("servers", RouteTranslator::server);
    return new GatewayObject(ref, origin, selector, servers);
  }

  private static GatewayObject.Server server(Fields server) {
    int number = 0;
    String name = "";
    PortProtocol protocol = PortProtocol.TCP;
    Fields port = server.object("port");
    if (port == null) {
      server.findings().error(server.line(), server.path("port"), "is missing");
    } else {
      number = port.integer("number", 0, 1, MAX_PORT);
      name = port.string("name", "");
      protocol = PortProtocol.of("TCP", port.string("protocol", "TCP"), "", number);
      port.ignore("targetPort");
      port.finish();
    }
    GatewayObject.TlsMode mode = GatewayObject.TlsMode.NONE;
    String credential = "";
    Fields tls = server.object("tls");
    if (tls != null) {
      GatewayObject.TlsMode named = tls.oneOf("mode", GatewayObject.TlsMode.class);
      mode = named == null ? GatewayObject.TlsMode.PASSTHROUGH : named;
      credential = tls.string("credentialName", "");
      tls.notServed(
          "httpsRedirect",
          "serverCertificate",
          "privateKey",
          "caCertificates",
          "minProtocolVersion",
          "maxProtocolVersion",
          "cipherSuites",
          "subjectAltNames");
      tls.finish();
    }
    server.ignore("name");
    server.notServed("bind", "defaultEndpoint");
    return new GatewayObject.Server(
        number, name, protocol, server.strings("hosts"), mode, credential);
  }
}
