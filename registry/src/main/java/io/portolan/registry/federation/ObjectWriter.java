package io.portolan.registry.federation;

import io.portolan.registry.model.DestinationRuleObject;
import io.portolan.registry.model.GatewayObject;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.NamespaceObject;
import io.portolan.registry.model.NodeObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.PodObject;
import io.portolan.registry.model.ServiceAccountObject;
import io.portolan.registry.model.ServiceEntryObject;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.ServiceReach;
import io.portolan.registry.model.SliceObject;
import io.portolan.registry.model.TrafficPolicy;
import io.portolan.registry.model.VirtualServiceObject;
import io.portolan.registry.model.WorkloadEntryObject;
import io.portolan.registry.model.WorkloadSpec;
import java.io.IOException;
import java.time.Duration;

/**
 * Writes objects of the model. Every record is taken apart by a pattern, and {@link ObjectReader}
 * makes it with its constructor: a component that is added to the model does not compile before
 * both know it, and then {@link SnapshotFormat#VERSION} goes up.
 */
final class ObjectWriter {
  private ObjectWriter() {}

  static void object(SnapshotWriter out, MeshObject object) throws IOException {
    out.name(object.ref().kind());
    ref(out, object.ref());
    origin(out, object.origin());
    switch (object) {
      case NamespaceObject(ObjectRef _, Origin _, var labels, String uid) -> {
        out.labels(labels);
        out.string(uid);
      }
      case NodeObject(ObjectRef _, Origin _, Locality locality) -> locality(out, locality);
      case ServiceObject service -> service(out, service);
      case SliceObject(ObjectRef _, Origin _, String service, var ports, var endpoints) -> {
        out.string(service);
        out.list(ports, ObjectWriter::slicePort);
        out.list(endpoints, ObjectWriter::sliceEndpoint);
      }
      case PodObject pod -> pod(out, pod);
      case ServiceAccountObject(ObjectRef _, Origin _) -> {}
      case ServiceEntryObject entry -> entry(out, entry);
      case WorkloadEntryObject(ObjectRef _, Origin _, WorkloadSpec spec) -> workload(out, spec);
      case DestinationRuleObject(
              ObjectRef _,
              Origin _,
              String host,
              TrafficPolicy policy,
              var subsets,
              var exportTo) -> {
        out.string(host);
        policy(out, policy);
        out.list(subsets, ObjectWriter::subset);
        out.strings(exportTo);
      }
      case VirtualServiceObject(
              ObjectRef _,
              Origin _,
              var hosts,
              var gateways,
              var http,
              var tls,
              var tcp,
              var exportTo) -> {
        out.strings(hosts);
        out.strings(gateways);
        out.list(http, ObjectWriter::route);
        out.list(tls, ObjectWriter::l4Route);
        out.list(tcp, ObjectWriter::l4Route);
        out.strings(exportTo);
      }
      case GatewayObject(ObjectRef _, Origin _, var selector, var servers) -> {
        out.labels(selector);
        out.list(servers, ObjectWriter::server);
      }
    }
  }

  private static void ref(SnapshotWriter out, ObjectRef ref) throws IOException {
    out.string(ref.namespace());
    out.string(ref.name());
  }

  private static void origin(SnapshotWriter out, Origin origin) throws IOException {
    out.string(origin.source());
    out.number(origin.line());
  }

  private static void locality(SnapshotWriter out, Locality locality) throws IOException {
    out.string(locality.region());
    out.string(locality.zone());
    out.string(locality.subzone());
  }

  private static void service(SnapshotWriter out, ServiceObject object) throws IOException {
    if (object
        instanceof
        ServiceObject(
            ObjectRef _,
            Origin _,
            ServiceObject.Type type,
            String externalName,
            var clusterIps,
            var externalAddresses,
            var ports,
            var selector,
            var labels,
            var annotations,
            boolean publishNotReady,
            ServiceReach reach)) {
      out.name(type);
      out.string(externalName);
      out.strings(clusterIps);
      out.strings(externalAddresses);
      out.list(ports, ObjectWriter::port);
      out.labels(selector);
      out.labels(labels);
      out.labels(annotations);
      out.flag(publishNotReady);
      reach(out, reach);
    }
  }

  private static void reach(SnapshotWriter out, ServiceReach object) throws IOException {
    if (object instanceof ServiceReach(boolean nodeLocal, var distribution, var exportTo)) {
      out.flag(nodeLocal);
      out.name(distribution);
      out.strings(exportTo);
    }
  }

  private static void l4Route(SnapshotWriter out, VirtualServiceObject.L4Route object)
      throws IOException {
    if (object instanceof VirtualServiceObject.L4Route(var matches, var destinations)) {
      out.list(matches, ObjectWriter::l4Match);
      out.list(destinations, ObjectWriter::destination);
    }
  }

  private static void l4Match(SnapshotWriter out, VirtualServiceObject.L4Match object)
      throws IOException {
    if (object instanceof VirtualServiceObject.L4Match(var sniHosts, int port, var gateways)) {
      out.strings(sniHosts);
      out.number(port);
      out.strings(gateways);
    }
  }

  private static void port(SnapshotWriter out, ServicePort object) throws IOException {
    if (object
        instanceof
        ServicePort(int number, String name, var protocol, int target, String targetName)) {
      out.number(number);
      out.string(name);
      out.name(protocol);
      out.number(target);
      out.string(targetName);
    }
  }

  private static void slicePort(SnapshotWriter out, SliceObject.SlicePort object)
      throws IOException {
    if (object instanceof SliceObject.SlicePort(String name, int number)) {
      out.string(name);
      out.number(number);
    }
  }

  private static void sliceEndpoint(SnapshotWriter out, SliceObject.SliceEndpoint object)
      throws IOException {
    if (object
        instanceof
        SliceObject.SliceEndpoint(
            String address,
            var health,
            String node,
            String zone,
            String pod,
            String hostname)) {
      out.string(address);
      out.name(health);
      out.string(node);
      out.string(zone);
      out.string(pod);
      out.string(hostname);
    }
  }

  private static void pod(SnapshotWriter out, PodObject object) throws IOException {
    if (object
        instanceof
        PodObject(
            ObjectRef _,
            Origin _,
            var ips,
            var labels,
            String serviceAccount,
            String node,
            var health,
            var ports,
            String hostname,
            String subdomain)) {
      out.strings(ips);
      out.labels(labels);
      out.string(serviceAccount);
      out.string(node);
      out.name(health);
      out.list(ports, ObjectWriter::containerPort);
      out.string(hostname);
      out.string(subdomain);
    }
  }

  private static void containerPort(SnapshotWriter out, PodObject.ContainerPort object)
      throws IOException {
    if (object instanceof PodObject.ContainerPort(String name, int number)) {
      out.string(name);
      out.number(number);
    }
  }

  private static void entry(SnapshotWriter out, ServiceEntryObject object) throws IOException {
    if (object
        instanceof
        ServiceEntryObject(
            ObjectRef _,
            Origin _,
            var hosts,
            var addresses,
            var ports,
            var resolution,
            boolean meshInternal,
            var endpoints,
            var workloadSelector,
            var exportTo,
            var subjectAltNames)) {
      out.strings(hosts);
      out.strings(addresses);
      out.list(ports, ObjectWriter::port);
      out.name(resolution);
      out.flag(meshInternal);
      out.list(endpoints, ObjectWriter::workload);
      out.labels(workloadSelector);
      out.strings(exportTo);
      out.strings(subjectAltNames);
    }
  }

  private static void workload(SnapshotWriter out, WorkloadSpec object) throws IOException {
    if (object
        instanceof
        WorkloadSpec(
            String address,
            var ports,
            var labels,
            String network,
            Locality locality,
            int weight,
            String serviceAccount)) {
      out.string(address);
      out.map(ports, (o, port) -> o.number(port));
      out.labels(labels);
      out.string(network);
      locality(out, locality);
      out.number(weight);
      out.string(serviceAccount);
    }
  }

  private static void subset(SnapshotWriter out, DestinationRuleObject.Subset object)
      throws IOException {
    if (object
        instanceof DestinationRuleObject.Subset(String name, var labels, TrafficPolicy policy)) {
      out.string(name);
      out.labels(labels);
      policy(out, policy);
    }
  }

  private static void policy(SnapshotWriter out, TrafficPolicy policy) throws IOException {
    if (policy instanceof TrafficPolicy(var balancer, var pool, var outliers, var tls)) {
      out.optional(balancer, ObjectWriter::balancer);
      out.optional(pool, ObjectWriter::pool);
      out.optional(outliers, ObjectWriter::outliers);
      out.optional(tls, ObjectWriter::tls);
    }
  }

  private static void balancer(SnapshotWriter out, TrafficPolicy.LoadBalancer object)
      throws IOException {
    if (object instanceof TrafficPolicy.LoadBalancer(var algorithm, var locality)) {
      out.name(algorithm);
      out.optional(locality, ObjectWriter::localityLb);
    }
  }

  private static void localityLb(SnapshotWriter out, TrafficPolicy.LocalityLb object)
      throws IOException {
    if (object
        instanceof
        TrafficPolicy.LocalityLb(
            boolean enabled,
            var distribute,
            var failover,
            var failoverPriority)) {
      out.flag(enabled);
      out.list(
          distribute,
          (o, d) -> {
            if (d instanceof TrafficPolicy.Distribute(String from, var to)) {
              o.string(from);
              o.map(to, (w, weight) -> w.number(weight));
            }
          });
      out.labels(failover);
      out.strings(failoverPriority);
    }
  }

  private static void pool(SnapshotWriter out, TrafficPolicy.ConnectionPool object)
      throws IOException {
    if (object
        instanceof
        TrafficPolicy.ConnectionPool(
            int maxConnections,
            Duration connectTimeout,
            int pending,
            int requests,
            int perConnection,
            int retries,
            Duration idleTimeout,
            TrafficPolicy.TcpKeepalive keepalive)) {
      out.number(maxConnections);
      out.optional(connectTimeout, SnapshotWriter::duration);
      out.number(pending);
      out.number(requests);
      out.number(perConnection);
      out.number(retries);
      out.optional(idleTimeout, SnapshotWriter::duration);
      out.optional(keepalive, ObjectWriter::keepalive);
    }
  }

  private static void keepalive(SnapshotWriter out, TrafficPolicy.TcpKeepalive object)
      throws IOException {
    if (object instanceof TrafficPolicy.TcpKeepalive(int probes, Duration time, Duration pause)) {
      out.number(probes);
      out.optional(time, SnapshotWriter::duration);
      out.optional(pause, SnapshotWriter::duration);
    }
  }

  private static void outliers(SnapshotWriter out, TrafficPolicy.OutlierDetection object)
      throws IOException {
    if (object
        instanceof
        TrafficPolicy.OutlierDetection(
            int errors,
            int gatewayErrors,
            Duration interval,
            Duration baseEjectionTime,
            int maxEjectionPercent)) {
      out.number(errors);
      out.number(gatewayErrors);
      out.optional(interval, SnapshotWriter::duration);
      out.optional(baseEjectionTime, SnapshotWriter::duration);
      out.number(maxEjectionPercent);
    }
  }

  private static void tls(SnapshotWriter out, TrafficPolicy.Tls object) throws IOException {
    if (object instanceof TrafficPolicy.Tls(var mode, String sni, var subjectAltNames)) {
      out.name(mode);
      out.string(sni);
      out.strings(subjectAltNames);
    }
  }

  private static void route(SnapshotWriter out, VirtualServiceObject.HttpRoute object)
      throws IOException {
    if (object
        instanceof
        VirtualServiceObject.HttpRoute(
            String name,
            var matches,
            var destinations,
            String rewritePrefix,
            Duration timeout,
            var retries)) {
      out.string(name);
      out.list(matches, ObjectWriter::match);
      out.list(destinations, ObjectWriter::destination);
      out.string(rewritePrefix);
      out.optional(timeout, SnapshotWriter::duration);
      out.optional(retries, ObjectWriter::retries);
    }
  }

  private static void match(SnapshotWriter out, VirtualServiceObject.HttpMatch object)
      throws IOException {
    if (object
        instanceof
        VirtualServiceObject.HttpMatch(var uri, var method, var authority, var headers)) {
      out.optional(uri, ObjectWriter::text);
      out.optional(method, ObjectWriter::text);
      out.optional(authority, ObjectWriter::text);
      out.map(headers, ObjectWriter::text);
    }
  }

  private static void text(SnapshotWriter out, VirtualServiceObject.StringMatch object)
      throws IOException {
    if (object instanceof VirtualServiceObject.StringMatch(var type, String value)) {
      out.name(type);
      out.string(value);
    }
  }

  private static void destination(SnapshotWriter out, VirtualServiceObject.Destination object)
      throws IOException {
    if (object
        instanceof
        VirtualServiceObject.Destination(String host, String subset, int port, int weight)) {
      out.string(host);
      out.string(subset);
      out.number(port);
      out.number(weight);
    }
  }

  private static void retries(SnapshotWriter out, VirtualServiceObject.Retries object)
      throws IOException {
    if (object
        instanceof
        VirtualServiceObject.Retries(int attempts, Duration perTryTimeout, String retryOn)) {
      out.number(attempts);
      out.optional(perTryTimeout, SnapshotWriter::duration);
      out.string(retryOn);
    }
  }

  private static void server(SnapshotWriter out, GatewayObject.Server object) throws IOException {
    if (object
        instanceof
        GatewayObject.Server(
            int port,
            String name,
            var protocol,
            var hosts,
            var tls,
            String credentialName)) {
      out.number(port);
      out.string(name);
      out.name(protocol);
      out.strings(hosts);
      out.name(tls);
      out.string(credentialName);
    }
  }
}
