package io.portolan.registry.source.objects;

import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.TrafficPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads {@code mesh.yaml}. */
public final class SettingsReader {
  private static final int MAX_PORT = 65535;
  private static final int DEFAULT_GATEWAY_PORT = 15443;
  private static final int MAX_STREAK = 100;

  private SettingsReader() {}

  /** Reads all fields; findings hold what is wrong. */
  public static MeshSettings read(Fields mesh) {
    MeshSettings base = MeshSettings.DEFAULT;
    Map<String, MeshSettings.ClusterSettings> clusters = new LinkedHashMap<>();
    for (var cluster : mesh.objects("clusters", SettingsReader::cluster)) {
      if (clusters.put(cluster.id(), cluster) != null) {
        mesh.findings()
            .error(
                mesh.lineOf("clusters"),
                "clusters",
                "cluster " + cluster.id() + " is listed twice");
      }
    }
    Map<String, MeshSettings.NetworkSettings> networks = new LinkedHashMap<>();
    mesh.objectMap("networks").forEach((name, network) -> networks.put(name, network(network)));
    boolean registryOnly = false;
    Fields outbound = mesh.object("outboundTrafficPolicy");
    if (outbound != null) {
      registryOnly =
          switch (outbound.string("mode", "ALLOW_ANY")) {
            case "REGISTRY_ONLY" -> true;
            case "ALLOW_ANY" -> false;
            default -> {
              outbound
                  .findings()
                  .error(
                      outbound.lineOf("mode"),
                      outbound.path("mode"),
                      "expected ALLOW_ANY or REGISTRY_ONLY");
              yield false;
            }
          };
      outbound.finish();
    }
    Duration connect = mesh.duration("connectTimeout");
    TrafficPolicy.LocalityLb locality = LocalityReader.read(mesh.object("localityLbSetting"));
    MeshSettings settings =
        new MeshSettings(
            mesh.string("trustDomain", base.trustDomain()),
            mesh.string("rootNamespace", base.rootNamespace()),
            mesh.string("domainSuffix", base.domain()),
            clusters,
            networks,
            registryOnly,
            connect == null ? base.connectTimeout() : connect,
            RouteTranslator.retries(mesh.object("defaultHttpRetryPolicy")),
            locality == null ? base.localityLb() : locality,
            probe(mesh.object("gatewayProbe")),
            ClusterHealthReader.read(mesh.object("clusterHealth")),
            mesh.objects("serviceSettings", SettingsReader::serviceSettings));
    if (!mesh.bool("enableAutoMtls", true)) {
      mesh.findings()
          .warning(
              mesh.lineOf("enableAutoMtls"),
              "enableAutoMtls",
              "false is not served by this version: mesh endpoints are always spoken to in mutual TLS");
    }
    mesh.notServed(
        "accessLogFile",
        "accessLogFormat",
        "accessLogEncoding",
        "enableTracing",
        "defaultConfig",
        "discoverySelectors",
        "extensionProviders",
        "defaultProviders",
        "trustDomainAliases",
        "ingressService",
        "ingressSelector",
        "h2UpgradePolicy",
        "protocolDetectionTimeout",
        "tcpKeepalive",
        "meshMTLS",
        "tlsDefaults",
        "pathNormalization",
        "defaultServiceExportTo",
        "defaultVirtualServiceExportTo",
        "defaultDestinationRuleExportTo");
    mesh.finish();
    return settings;
  }

  private static MeshSettings.ClusterSettings cluster(Fields cluster) {
    String locality = cluster.string("locality", "");
    Locality place = Locality.UNKNOWN;
    try {
      place = locality.isEmpty() ? place : Locality.parse(locality);
    } catch (IllegalArgumentException e) {
      cluster
          .findings()
          .error(
              cluster.lineOf("locality"), cluster.path("locality"), String.valueOf(e.getMessage()));
    }
    return new MeshSettings.ClusterSettings(
        cluster.required("name"),
        cluster.string("network", ""),
        place,
        cluster.string("trustDomain", ""));
  }

  private static MeshSettings.ServiceSettings serviceSettings(Fields entry) {
    boolean local = false;
    Fields settings = entry.object("settings");
    if (settings != null) {
      local = settings.bool("clusterLocal", false);
      settings.finish();
    }
    return new MeshSettings.ServiceSettings(entry.strings("hosts"), local);
  }

  private static MeshSettings.NetworkSettings network(Fields network) {
    List<String> registries = new ArrayList<>();
    List<String> ranges = new ArrayList<>();
    network.objects(
        "endpoints",
        e -> {
          String registry = e.string("fromRegistry", "");
          String range = e.string("fromCidr", "");
          if (!registry.isEmpty()) {
            registries.add(registry);
          } else if (isRange(range)) {
            ranges.add(range);
          } else {
            e.findings()
                .error(
                    e.line(),
                    e.path("fromCidr"),
                    "'" + range + "' (expected fromRegistry, or fromCidr as address/bits)");
          }
          return null;
        });
    List<MeshSettings.GatewaySettings> gateways =
        network.objects("gateways", SettingsReader::gateway);
    network.finish();
    return new MeshSettings.NetworkSettings(registries, ranges, gateways);
  }

  private static boolean isRange(String range) {
    int slash = range.indexOf('/');
    if (slash <= 0 || slash + 1 >= range.length() || range.length() - slash > 4) {
      return false;
    }
    String bits = range.substring(slash + 1);
    return bits.chars().allMatch(c -> c >= '0' && c <= '9')
        && Integer.parseInt(bits) <= (range.indexOf(':') >= 0 ? 128 : 32);
  }

  private static MeshSettings.@Nullable GatewaySettings gateway(Fields gateway) {
    String address = gateway.string("address", "");
    String service = gateway.string("registryServiceName", "");
    if (address.isEmpty() == service.isEmpty()) {
      gateway
          .findings()
          .error(
              gateway.line(),
              gateway.path("address"),
              "expected exactly one of address and registryServiceName");
    }
    String locality = gateway.string("locality", "");
    Locality place = Locality.UNKNOWN;
    try {
      place = locality.isEmpty() ? place : Locality.parse(locality);
    } catch (IllegalArgumentException e) {
      gateway
          .findings()
          .error(
              gateway.lineOf("locality"), gateway.path("locality"), String.valueOf(e.getMessage()));
    }
    return new MeshSettings.GatewaySettings(
        address, service, gateway.integer("port", DEFAULT_GATEWAY_PORT, 1, MAX_PORT), place);
  }

  private static MeshSettings.GatewayProbe probe(@Nullable Fields probe) {
    MeshSettings.GatewayProbe base = MeshSettings.GatewayProbe.DEFAULT;
    if (probe == null) {
      return base;
    }
    Duration interval = probe.duration("interval");
    Duration timeout = probe.duration("timeout");
    MeshSettings.GatewayProbe made =
        new MeshSettings.GatewayProbe(
            probe.bool("enabled", true),
            interval == null ? base.interval() : interval,
            timeout == null ? base.timeout() : timeout,
            probe.integer("failures", base.failures(), 1, MAX_STREAK),
            probe.integer("successes", base.successes(), 1, MAX_STREAK));
    probe.finish();
    return made;
  }
}
