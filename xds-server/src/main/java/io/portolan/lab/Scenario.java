package io.portolan.lab;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A lab scenario: {@code scenario.yaml} beside a {@code mesh/} directory.
 *
 * @param addresses where the addresses named here are
 * @param title one line
 * @param controlPlanes each with a copy of a mesh directory and a data directory of its own
 * @param xds by cluster: where its proxies find a control plane, in order of preference; a cluster
 *     that is not named here uses all control planes in their order
 * @param workloads applications with a sidecar
 * @param gateways proxies of role router
 * @param clients where the lab sends requests
 * @param script steps of {@code --once}
 * @param kubernetes steps of {@code --once} where clusters are API servers; empty for the same
 */
public record Scenario(
    String name,
    Path directory,
    LabAddresses addresses,
    String title,
    List<ControlPlane> controlPlanes,
    Map<String, List<String>> xds,
    List<Workload> workloads,
    List<Gateway> gateways,
    List<Client> clients,
    List<Step> script,
    List<Step> kubernetes) {
  /** The mesh directory of a scenario. */
  static final String MESH = "mesh";

  /** Where a control plane serves xDS on its own address. */
  static final int XDS_PORT = 15012;

  /** Where a control plane serves its admin pages on its own address. */
  static final int ADMIN_PORT = 15014;

  public Scenario {
    controlPlanes = List.copyOf(controlPlanes);
    xds = Map.copyOf(xds);
    workloads = List.copyOf(workloads);
    gateways = List.copyOf(gateways);
    clients = List.copyOf(clients);
    script = List.copyOf(script);
    kubernetes = List.copyOf(kubernetes);
  }

  /**
   * One Portolan.
   *
   * @param cluster where it stands and with which it is cut; empty when it stands outside of all
   * @param address its own address
   * @param config cluster whose API server it takes policies and members from; empty for the first
   */
  public record ControlPlane(String name, String cluster, String address, String config) {
    String xds() {
      return address + ":" + XDS_PORT;
    }

    String admin() {
      return address + ":" + ADMIN_PORT;
    }
  }

  /**
   * An application with its sidecar.
   *
   * @param address pod address, where the sidecar listens
   * @param app address the application itself listens on
   * @param port port the application listens on
   * @param calls {@code host:port} of a service it calls for each request, or empty
   * @param xds control planes of its sidecar in order of preference; empty for its cluster's
   */
  public record Workload(
      String cluster,
      String namespace,
      String name,
      String serviceAccount,
      String zone,
      String address,
      String app,
      int port,
      String calls,
      List<String> xds) {
    public Workload {
      xds = List.copyOf(xds);
    }
  }

  /** A proxy of role router. */
  public record Gateway(
      String cluster,
      String namespace,
      String name,
      String serviceAccount,
      String address,
      Map<String, String> labels) {
    public Gateway {
      labels = Map.copyOf(labels);
    }
  }

  /**
   * Where requests are sent.
   *
   * @param address of its sidecar, which the lab runs; empty when {@code target} is a gateway
   * @param target {@code address:port} requests go to
   * @param host host name asked for
   */
  public record Client(
      String cluster,
      String namespace,
      String name,
      String serviceAccount,
      String address,
      String target,
      String host) {}

  /** A step with its arguments. */
  public record Step(String action, Map<String, String> arguments) {
    public Step {
      arguments = Map.copyOf(arguments);
    }

    boolean is(String key) {
      return get(key, "false").equals("true");
    }

    String get(String key, String fallback) {
      return arguments.getOrDefault(key, fallback);
    }
  }

  /** The steps of {@code --once}. */
  List<Step> steps(boolean onKubernetes) {
    return onKubernetes && !kubernetes.isEmpty() ? kubernetes : script;
  }

  /** Names of the clusters that have something to cut. */
  public List<String> clusters() {
    return Stream.of(
            workloads.stream().map(Workload::cluster),
            gateways.stream().map(Gateway::cluster),
            controlPlanes.stream().map(ControlPlane::cluster))
        .flatMap(names -> names)
        .filter(name -> !name.isEmpty())
        .distinct()
        .sorted()
        .toList();
  }

  /** Where the proxies of a cluster find a control plane, in order of preference. */
  List<String> xdsOf(String cluster) {
    List<String> named = xds.get(cluster);
    return named != null ? named : controlPlanes.stream().map(ControlPlane::xds).toList();
  }
}
