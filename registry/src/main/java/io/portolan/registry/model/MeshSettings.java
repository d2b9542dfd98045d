package io.portolan.registry.model;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The mesh as {@code mesh.yaml} describes it. Fields that Istio's MeshConfig or MeshNetworks has
 * carry the same name and meaning there.
 *
 * @param trustDomain SPIFFE trust domain
 * @param rootNamespace namespace of mesh-wide policies and gateways, {@code istio-system}
 * @param domain DNS suffix of Kubernetes services, {@code cluster.local}
 * @param clusters the member clusters by id
 * @param networks networks by name
 * @param registryOnly {@code outboundTrafficPolicy.mode: REGISTRY_ONLY}
 * @param connectTimeout default of clusters
 * @param defaultRetries {@code defaultHttpRetryPolicy}, null for the built-in
 * @param localityLb mesh-wide {@code localityLbSetting}
 * @param probe how gateways of other networks are probed
 * @param clusterHealth how the health of member clusters is judged
 * @param serviceSettings which services stay inside their cluster, beside the built-in ones
 */
public record MeshSettings(
    String trustDomain,
    String rootNamespace,
    String domain,
    Map<String, ClusterSettings> clusters,
    Map<String, NetworkSettings> networks,
    boolean registryOnly,
    Duration connectTimeout,
    VirtualServiceObject.@Nullable Retries defaultRetries,
    TrafficPolicy.LocalityLb localityLb,
    GatewayProbe probe,
    ClusterHealth clusterHealth,
    List<ServiceSettings> serviceSettings) {
  public MeshSettings {
    clusters = Map.copyOf(clusters);
    networks = Map.copyOf(networks);
    serviceSettings = List.copyOf(serviceSettings);
  }

  /** Settings without {@code serviceSettings}. */
  public MeshSettings(
      String trustDomain,
      String rootNamespace,
      String domain,
      Map<String, ClusterSettings> clusters,
      Map<String, NetworkSettings> networks,
      boolean registryOnly,
      Duration connectTimeout,
      VirtualServiceObject.@Nullable Retries defaultRetries,
      TrafficPolicy.LocalityLb localityLb,
      GatewayProbe probe,
      ClusterHealth clusterHealth) {
    this(
        trustDomain,
        rootNamespace,
        domain,
        clusters,
        networks,
        registryOnly,
        connectTimeout,
        defaultRetries,
        localityLb,
        probe,
        clusterHealth,
        List.of());
  }

  /** These settings under other names. */
  public MeshSettings named(String trustDomain, String rootNamespace, String domain) {
    return new MeshSettings(
        trustDomain,
        rootNamespace,
        domain,
        clusters,
        networks,
        registryOnly,
        connectTimeout,
        defaultRetries,
        localityLb,
        probe,
        clusterHealth,
        serviceSettings);
  }

  /** What holds before any mesh.yaml was read. */
  public static final MeshSettings DEFAULT =
      new MeshSettings(
          "cluster.local",
          "istio-system",
          "cluster.local",
          Map.of(),
          Map.of(),
          false,
          Duration.ofMillis(500),
          null,
          new TrafficPolicy.LocalityLb(true, List.of(), Map.of(), List.of()),
          GatewayProbe.DEFAULT,
          ClusterHealth.DEFAULT,
          List.of());

  /**
   * A member cluster.
   *
   * @param network its network, may be empty
   * @param locality where its endpoints are that say nothing themselves
   * @param trustDomain trust domain of its workloads; empty for the mesh's
   */
  public record ClusterSettings(String id, String network, Locality locality, String trustDomain) {
    /** A cluster of the mesh's trust domain. */
    public ClusterSettings(String id, String network, Locality locality) {
      this(id, network, locality, "");
    }
  }

  /**
   * One entry of {@code serviceSettings}.
   *
   * @param hosts host names, with {@code *.} in front for all below, or {@code *}
   * @param clusterLocal whether they are reached inside their own cluster only
   */
  public record ServiceSettings(List<String> hosts, boolean clusterLocal) {
    public ServiceSettings {
      hosts = List.copyOf(hosts);
    }
  }

  /** The trust domain of a cluster's workloads. */
  public String trustDomainOf(String cluster) {
    ClusterSettings own = clusters.get(cluster);
    return own == null || own.trustDomain().isEmpty() ? trustDomain : own.trustDomain();
  }

  /**
   * True for services that are reached inside their own cluster only. The most specific pattern
   * decides; of equally specific ones a setting beats the built-in rules ({@code *.kube-system} and
   * {@code kubernetes.default}) and true beats false. Source: MeshConfig {@code
   * serviceSettings[].settings.clusterLocal}.
   */
  public boolean clusterLocal(String host) {
    int best = -1;
    boolean answer = false;
    for (ServiceSettings entry : serviceSettings) {
      for (String pattern : entry.hosts()) {
        int specific = specificity(pattern, host);
        if (specific > best) {
          best = specific;
          answer = entry.clusterLocal();
        } else if (specific == best && specific >= 0) {
          answer |= entry.clusterLocal();
        }
      }
    }
    for (String builtIn : List.of("*.kube-system.svc.", "kubernetes.default.svc.")) {
      answer |= specificity(builtIn + domain, host) > best;
    }
    return answer;
  }

  /** Length of what a pattern fixes; an exact name beats every wildcard; -1 for no match. */
  private static int specificity(String pattern, String host) {
    if (pattern.equals(host)) {
      return Integer.MAX_VALUE;
    }
    if (pattern.equals("*")) {
      return 0;
    }
    return pattern.startsWith("*.") && host.endsWith(pattern.substring(1)) ? pattern.length() : -1;
  }

  /**
   * A network.
   *
   * @param fromRegistry clusters whose endpoints are in it
   * @param fromCidr address ranges that are in it, whatever the cluster
   * @param gateways its east-west gateways
   */
  public record NetworkSettings(
      List<String> fromRegistry, List<String> fromCidr, List<GatewaySettings> gateways) {
    public NetworkSettings {
      fromRegistry = List.copyOf(fromRegistry);
      fromCidr = List.copyOf(fromCidr);
      gateways = List.copyOf(gateways);
    }
  }

  /**
   * A gateway of a network: exactly one of {@code address} and {@code registryServiceName} is set.
   */
  public record GatewaySettings(
      String address, String registryServiceName, int port, Locality locality) {}

  /**
   * Probing of gateways: a TCP connect and a TLS hello.
   *
   * @param interval time between probes of one gateway
   * @param timeout of one probe
   * @param failures consecutive failures that demote
   * @param successes consecutive successes that bring it back
   */
  public record GatewayProbe(
      boolean enabled, Duration interval, Duration timeout, int failures, int successes) {
    /** One second apart, one second each, two failures down, three successes up. */
    public static final GatewayProbe DEFAULT =
        new GatewayProbe(true, Duration.ofSeconds(1), Duration.ofSeconds(1), 2, 3);
  }
}
