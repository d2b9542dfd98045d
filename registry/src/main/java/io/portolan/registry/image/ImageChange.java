package io.portolan.registry.image;

import java.util.HashSet;
import java.util.Set;

/**
 * One step of the registry.
 *
 * @param services services that differ between the two images
 * @param policies a DestinationRule, VirtualService or Gateway differs
 * @param gateways the gateways or their health differ
 * @param conditions what is concluded about a member cluster differs
 * @param settings the mesh settings differ
 * @param workloads a pod or workload entry differs
 */
public record ImageChange(
    RegistryImage before,
    RegistryImage after,
    Set<ServiceKey> services,
    boolean policies,
    boolean gateways,
    boolean conditions,
    boolean settings,
    boolean workloads) {
  public ImageChange {
    services = Set.copyOf(services);
  }

  /** This step and the next one as one step. */
  public ImageChange and(ImageChange next) {
    Set<ServiceKey> both = new HashSet<>(services);
    both.addAll(next.services);
    return new ImageChange(
        before,
        next.after,
        both,
        policies || next.policies,
        gateways || next.gateways,
        conditions || next.conditions,
        settings || next.settings,
        workloads || next.workloads);
  }

  /** True when nothing a reader could see differs. */
  public boolean isEmpty() {
    return services.isEmpty() && !policies && !gateways && !conditions && !settings && !workloads;
  }
}
