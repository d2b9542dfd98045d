package io.portolan.registry.federation;

import io.portolan.registry.model.DestinationRuleObject;
import io.portolan.registry.model.GatewayObject;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.NamespaceObject;
import io.portolan.registry.model.NodeObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.PodObject;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.Resolution;
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

/** Reads what {@link ObjectWriter} wrote: components in the order of their record. */
final class ObjectReader {
  private ObjectReader() {}

  static MeshObject object(SnapshotReader in, String cluster) throws IOException {
    Kind kind = in.name(Kind.class);
    ObjectRef ref = new ObjectRef(cluster, kind, in.string(), in.string());
    Origin origin = new Origin(in.string(), in.integer());
    return switch (kind) {
      case NAMESPACE -> new NamespaceObject(ref, origin, in.labels(), in.string());
      case NODE -> new NodeObject(ref, origin, locality(in));
      case SERVICE ->
          new ServiceObject(
              ref,
              origin,
              in.name(ServiceObject.Type.class),
              in.string(),
              in.strings(),
              in.strings(),
              in.list(ObjectReader::port),
              in.labels(),
              in.labels(),
              in.labels(),
              in.flag(),
              new ServiceReach(in.flag(), in.name(ServiceReach.Distribution.class), in.strings()));
      case ENDPOINT_SLICE ->
          new SliceObject(
              ref,
              origin,
              in.string(),
              in.list(i -> new SliceObject.SlicePort(i.string(), i.integer())),
              in.list(
                  i ->
                      new SliceObject.SliceEndpoint(
                          i.string(),
                          i.name(Health.class),
                          i.string(),
                          i.string(),
                          i.string(),
                          i.string())));
      case POD ->
          new PodObject(
              ref,
              origin,
              in.strings(),
              in.labels(),
              in.string(),
              in.string(),
              in.name(Health.class),
              in.list(i -> new PodObject.ContainerPort(i.string(), i.integer())),
              in.string(),
              in.string());
      case SERVICE_ACCOUNT -> new ServiceAccountObject(ref, origin);
      case SERVICE_ENTRY ->
          new ServiceEntryObject(
              ref,
              origin,
              in.strings(),
              in.strings(),
              in.list(ObjectReader::port),
              in.name(Resolution.class),
              in.flag(),
              in.list(ObjectReader::workload),
              in.labels(),
              in.strings(),
              in.strings());
      case WORKLOAD_ENTRY -> new WorkloadEntryObject(ref, origin, workload(in));
      case DESTINATION_RULE ->
          new DestinationRuleObject(
              ref,
              origin,
              in.string(),
              policy(in),
              in.list(i -> new DestinationRuleObject.Subset(i.string(), i.labels(), policy(i))),
              in.strings());
      case VIRTUAL_SERVICE ->
          new VirtualServiceObject(
              ref,
              origin,
              in.strings(),
              in.strings(),
              in.list(ObjectReader::route),
              in.list(ObjectReader::l4Route),
              in.list(ObjectReader::l4Route),
              in.strings());
      case GATEWAY -> new GatewayObject(ref, origin, in.labels(), in.list(ObjectReader::server));
    };
  }

  private static Locality locality(SnapshotReader in) throws IOException {
    return new Locality(in.string(), in.string(), in.string());
  }

  private static ServicePort port(SnapshotReader in) throws IOException {
    return new ServicePort(
        in.integer(), in.string(), in.name(PortProtocol.class), in.integer(), in.string());
  }

  private static WorkloadSpec workload(SnapshotReader in) throws IOException {
    return new WorkloadSpec(
        in.string(),
        in.map(SnapshotReader::integer),
        in.labels(),
        in.string(),
        locality(in),
        in.integer(),
        in.string());
  }

  private static TrafficPolicy policy(SnapshotReader in) throws IOException {
    return new TrafficPolicy(
        in.optional(
            i ->
                new TrafficPolicy.LoadBalancer(
                    i.name(TrafficPolicy.Algorithm.class), i.optional(ObjectReader::localityLb))),
        in.optional(
            i ->
                new TrafficPolicy.ConnectionPool(
                    i.integer(),
                    i.optional(SnapshotReader::duration),
                    i.integer(),
                    i.integer(),
                    i.integer(),
                    i.integer(),
                    i.optional(SnapshotReader::duration),
                    i.optional(
                        k ->
                            new TrafficPolicy.TcpKeepalive(
                                k.integer(),
                                k.optional(SnapshotReader::duration),
                                k.optional(SnapshotReader::duration))))),
        in.optional(
            i ->
                new TrafficPolicy.OutlierDetection(
                    i.integer(),
                    i.integer(),
                    i.optional(SnapshotReader::duration),
                    i.optional(SnapshotReader::duration),
                    i.integer())),
        in.optional(
            i ->
                new TrafficPolicy.Tls(
                    i.name(TrafficPolicy.TlsMode.class), i.string(), i.strings())));
  }

  private static TrafficPolicy.LocalityLb localityLb(SnapshotReader in) throws IOException {
    return new TrafficPolicy.LocalityLb(
        in.flag(),
        in.list(i -> new TrafficPolicy.Distribute(i.string(), i.map(SnapshotReader::integer))),
        in.labels(),
        in.strings());
  }

  private static VirtualServiceObject.HttpRoute route(SnapshotReader in) throws IOException {
    return new VirtualServiceObject.HttpRoute(
        in.string(),
        in.list(
            i ->
                new VirtualServiceObject.HttpMatch(
                    i.optional(ObjectReader::text),
                    i.optional(ObjectReader::text),
                    i.optional(ObjectReader::text),
                    i.map(ObjectReader::text))),
        in.list(ObjectReader::destination),
        in.string(),
        in.optional(SnapshotReader::duration),
        in.optional(
            i ->
                new VirtualServiceObject.Retries(
                    i.integer(), i.optional(SnapshotReader::duration), i.string())));
  }

  private static VirtualServiceObject.L4Route l4Route(SnapshotReader in) throws IOException {
    return new VirtualServiceObject.L4Route(
        in.list(i -> new VirtualServiceObject.L4Match(i.strings(), i.integer(), i.strings())),
        in.list(ObjectReader::destination));
  }

  private static VirtualServiceObject.Destination destination(SnapshotReader in)
      throws IOException {
    return new VirtualServiceObject.Destination(
        in.string(), in.string(), in.integer(), in.integer());
  }

  private static VirtualServiceObject.StringMatch text(SnapshotReader in) throws IOException {
    return new VirtualServiceObject.StringMatch(
        in.name(VirtualServiceObject.MatchType.class), in.string());
  }

  private static GatewayObject.Server server(SnapshotReader in) throws IOException {
    return new GatewayObject.Server(
        in.integer(),
        in.string(),
        in.name(PortProtocol.class),
        in.strings(),
        in.name(GatewayObject.TlsMode.class),
        in.string());
  }
}
