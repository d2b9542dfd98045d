package io.portolan.xds.view;

import io.portolan.registry.image.Endpoint;
import io.portolan.registry.image.MeshService;
import io.portolan.registry.model.Resolution;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * The pods of a headless service that have a name of their own, as those of a StatefulSet have.
 * Each is a host {@code <pod>.<service>.<namespace>.svc.<domain>} with its own cluster and SNI, so
 * that it is reached across networks too.
 */
final class HeadlessPods {
  private HeadlessPods() {}

  /**
   * One pod.
   *
   * @param label its name below the service's
   * @param hostname the whole name
   * @param cluster the cluster whose pod it is
   */
  record Pod(String label, String hostname, String cluster) {
    boolean is(Endpoint endpoint) {
      return endpoint.hostname().equals(label) && endpoint.cluster().equals(cluster);
    }
  }

  /**
   * The named pods in order of name. Where clusters have pods of one name, the scope's own cluster
   * wins, else the first by id.
   */
  static List<Pod> of(MeshService service, ProxyScope scope) {
    if (!service.headless() || service.resolution() != Resolution.STATIC) {
      return List.of();
    }
    TreeMap<String, String> clusters = new TreeMap<>();
    for (Endpoint endpoint : service.endpoints()) {
      if (!endpoint.hostname().isEmpty()
          && (endpoint.cluster().equals(scope.cluster()) || !service.clusterLocal())) {
        clusters.merge(
            endpoint.hostname(), endpoint.cluster(), (a, b) -> nearer(a, b, scope.cluster()));
      }
    }
    List<Pod> pods = new ArrayList<>();
    clusters.forEach(
        (label, cluster) -> pods.add(new Pod(label, label + "." + service.hostname(), cluster)));
    return pods;
  }

  private static String nearer(String a, String b, String own) {
    if (a.equals(own) || b.equals(own)) {
      return own;
    }
    return a.compareTo(b) <= 0 ? a : b;
  }
}
