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
    ClusterHealth clusterHealth) {
  public MeshSettings {
    clusters = Map.copyOf(clusters);
    networks = Map.copyOf(networks);
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
          ClusterHealth.DEFAULT);

  /** A member cluster: its id, network (may be empty) and default locality. */
  public record ClusterSettings(String id, String network, Locality locality) {}

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
