package io.portolan.xds.push;

import io.portolan.registry.image.MeshService;
import io.portolan.registry.image.ServiceKey;
import io.portolan.xds.generate.cluster.ClusterGenerator;
import io.portolan.xds.generate.endpoint.AssignmentGenerator;
import io.portolan.xds.generate.listener.ListenerGenerator;
import io.portolan.xds.generate.route.RouteGenerator;
import io.portolan.xds.node.ProxyNode;
import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.Layer;
import io.portolan.xds.view.MeshContext;
import io.portolan.xds.view.ProxyScope;
import io.portolan.xds.view.ProxyViews;
import io.portolan.xds.view.ServiceViewBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The encoded resources that all proxies of one scope share. */
record ScopeLayers(
    Layer clusters, Layer endpoints, Layer listeners, Layer routes, List<String> notes) {

  /** Everything anew; equal content keeps its place in the old layers. */
  static ScopeLayers full(MeshContext context, ProxyScope scope, ScopeLayers old) {
    ProxyViews.Shared shared = new ProxyViews(context).shared(scope);
    List<EncodedResource> clusters = new ArrayList<>();
    List<EncodedResource> endpoints = new ArrayList<>();
    clusters.add(ClusterGenerator.blackHole());
    if (scope.role() == ProxyNode.Role.SIDECAR) {
      clusters.add(ClusterGenerator.passthrough());
    }
    shared.clusters().forEach(pair -> add(pair, clusters, endpoints));
    return new ScopeLayers(
        old.clusters.becoming(clusters),
        old.endpoints.becoming(endpoints),
        old.listeners.becoming(
            shared.listeners().stream().map(ListenerGenerator::generate).toList()),
        old.routes.becoming(shared.routes().stream().map(RouteGenerator::generate).toList()),
        shared.notes());
  }

  static final ScopeLayers EMPTY =
      new ScopeLayers(Layer.EMPTY, Layer.EMPTY, Layer.EMPTY, Layer.EMPTY, List.of());

  /** Only these services anew; their shape must be unchanged. */
  ScopeLayers with(MeshContext context, ProxyScope scope, Set<ServiceKey> changed) {
    ProxyViews views = new ProxyViews(context);
    List<EncodedResource> newClusters = new ArrayList<>();
    List<EncodedResource> newEndpoints = new ArrayList<>();
    for (ServiceKey key : changed) {
      MeshService service = context.image().service(key);
      if (service != null) {
        views.service(scope, service).forEach(pair -> add(pair, newClusters, newEndpoints));
      }
    }
    return new ScopeLayers(
        clusters.derive(newClusters, List.of()),
        endpoints.derive(newEndpoints, List.of()),
        listeners,
        routes,
        notes);
  }

  private static void add(
      ServiceViewBuilder.Pair pair,
      List<EncodedResource> clusters,
      List<EncodedResource> endpoints) {
    clusters.add(ClusterGenerator.generate(pair.cluster()));
    if (pair.assignment() != null) {
      endpoints.add(AssignmentGenerator.generate(pair.assignment(), pair.cluster().sources()));
    }
  }
}
