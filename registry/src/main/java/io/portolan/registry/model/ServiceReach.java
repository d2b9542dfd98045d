package io.portolan.registry.model;

import java.util.List;

/**
 * Who may use a Kubernetes service, and which of its endpoints are preferred.
 *
 * @param nodeLocal {@code internalTrafficPolicy: Local}: only endpoints on the caller's node
 * @param distribution {@code trafficDistribution}
 * @param exportTo namespaces that see it, from the annotation {@code networking.istio.io/exportTo};
 *     {@code .} is its own, {@code *} all, {@code ~} none; empty means all
 */
public record ServiceReach(boolean nodeLocal, Distribution distribution, List<String> exportTo) {
  /** Every endpoint, every namespace, the mesh's own preference. */
  public static final ServiceReach DEFAULT = new ServiceReach(false, Distribution.UNSET, List.of());

  public ServiceReach {
    exportTo = List.copyOf(exportTo);
  }

  /** Which endpoints are preferred. */
  public enum Distribution {
    /** The mesh decides. */
    UNSET,
    /** {@code PreferClose} and {@code PreferSameZone}: same zone, same region, the rest. */
    SAME_ZONE,
    /** {@code PreferSameNode}: same node, then as {@link #SAME_ZONE}. */
    SAME_NODE
  }
}
