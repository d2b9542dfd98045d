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
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Objects of every kind with every part set and unset. */
final class GeneratedObjects {
  private static final List<String> TEXTS =
      List.of(
          "", "a", "app", "version", "ünïcödé", "\u0000\n\t", "𝛑", "x".repeat(300), "10.0.0.1");

  private final Random random;

  private GeneratedObjects(Random random) {
    this.random = random;
  }

  static List<MeshObject> some(Random random, String cluster, int most) {
    GeneratedObjects objects = new GeneratedObjects(random);
    return objects.list(most, () -> objects.object(cluster));
  }

  private MeshObject object(String cluster) {
    Kind kind = any(Kind.values());
    ObjectRef ref = new ObjectRef(cluster, kind, text(), text());
    Origin origin = new Origin(text(), random.nextInt(3000));
    return switch (kind) {
      case NAMESPACE -> new NamespaceObject(ref, origin, labels(), text());
      case NODE -> new NodeObject(ref, origin, locality());
      case SERVICE -> service(ref, origin);
      case ENDPOINT_SLICE ->
          new SliceObject(
              ref,
              origin,
              text(),
              list(3, () -> new SliceObject.SlicePort(text(), number())),
              list(
                  9,
                  () ->
                      new SliceObject.SliceEndpoint(
                          text(), any(Health.values()), text(), text(), text(), text())));
      case POD ->
          new PodObject(
              ref,
              origin,
              texts(),
              labels(),
              text(),
              text(),
              any(Health.values()),
              list(3, () -> new PodObject.ContainerPort(text(), number())),
              text(),
              text());
      case SERVICE_ACCOUNT -> new ServiceAccountObject(ref, origin);
      case SERVICE_ENTRY ->
          new ServiceEntryObject(
              ref,
              origin,
              texts(),
              texts(),
              list(3, this::port),
              any(Resolution.values()),
              random.nextBoolean(),
              list(3, this::workload),
              labels(),
              texts(),
              texts());
      case WORKLOAD_ENTRY -> new WorkloadEntryObject(ref, origin, workload());
      case DESTINATION_RULE ->
          new DestinationRuleObject(
              ref,
              origin,
              text(),
              policy(),
              list(2, () -> new DestinationRuleObject.Subset(text(), labels(), policy())),
              texts());
      case VIRTUAL_SERVICE ->
          new VirtualServiceObject(
              ref,
              origin,
              texts(),
              texts(),
              list(3, this::route),
              list(2, this::l4Route),
              list(2, this::l4Route),
              texts());
      case GATEWAY ->
          new GatewayObject(
              ref,
              origin,
              labels(),
              list(
                  3,
                  () ->
                      new GatewayObject.Server(
                          number(),
                          text(),
                          any(PortProtocol.values()),
                          texts(),
                          any(GatewayObject.TlsMode.values()),
                          text())));
    };
  }

  private ServiceObject service(ObjectRef ref, Origin origin) {
    return new ServiceObject(
        ref,
        origin,
        any(ServiceObject.Type.values()),
        text(),
        texts(),
        texts(),
        list(3, this::port),
        labels(),
        labels(),
        labels(),
        random.nextBoolean(),
        new ServiceReach(random.nextBoolean(), any(ServiceReach.Distribution.values()), texts()));
  }

  private VirtualServiceObject.L4Route l4Route() {
    return new VirtualServiceObject.L4Route(
        list(2, () -> new VirtualServiceObject.L4Match(texts(), number(), texts())),
        list(2, () -> new VirtualServiceObject.Destination(text(), text(), number(), number())));
  }

  private Locality locality() {
    return new Locality(text(), text(), text());
  }

  private ServicePort port() {
    return new ServicePort(number(), text(), any(PortProtocol.values()), number(), text());
  }

  private WorkloadSpec workload() {
    return new WorkloadSpec(
        text(), map(this::number), labels(), text(), locality(), number(), text());
  }

  private TrafficPolicy policy() {
    return new TrafficPolicy(
        maybe(
            () ->
                new TrafficPolicy.LoadBalancer(
                    any(TrafficPolicy.Algorithm.values()),
                    maybe(
                        () ->
                            new TrafficPolicy.LocalityLb(
                                random.nextBoolean(),
                                list(
                                    2,
                                    () -> new TrafficPolicy.Distribute(text(), map(this::number))),
                                labels(),
                                texts())))),
        maybe(
            () ->
                new TrafficPolicy.ConnectionPool(
                    number(),
                    maybe(this::duration),
                    number(),
                    number(),
                    number(),
                    number(),
                    maybe(this::duration),
                    maybe(
                        () ->
                            new TrafficPolicy.TcpKeepalive(
                                number(), maybe(this::duration), maybe(this::duration))))),
        maybe(
            () ->
                new TrafficPolicy.OutlierDetection(
                    number(), number(), maybe(this::duration), maybe(this::duration), -1)),
        maybe(() -> new TrafficPolicy.Tls(any(TrafficPolicy.TlsMode.values()), text(), texts())));
  }

  private VirtualServiceObject.HttpRoute route() {
    return new VirtualServiceObject.HttpRoute(
        text(),
        list(
            2,
            () ->
                new VirtualServiceObject.HttpMatch(
                    maybe(this::match), maybe(this::match), maybe(this::match), map(this::match))),
        list(2, () -> new VirtualServiceObject.Destination(text(), text(), number(), number())),
        text(),
        maybe(this::duration),
        maybe(() -> new VirtualServiceObject.Retries(number(), maybe(this::duration), text())));
  }

  private VirtualServiceObject.StringMatch match() {
    return new VirtualServiceObject.StringMatch(
        any(VirtualServiceObject.MatchType.values()), text());
  }

  private Duration duration() {
    return Duration.ofNanos(random.nextLong());
  }

  private int number() {
    return random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(65536);
  }

  private String text() {
    return TEXTS.get(random.nextInt(TEXTS.size()));
  }

  private List<String> texts() {
    return list(3, this::text);
  }

  private Map<String, String> labels() {
    return map(this::text);
  }

  private <T> Map<String, T> map(Supplier<T> value) {
    Map<String, T> map = new HashMap<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      map.put(text(), value.get());
    }
    return map;
  }

  private <T> List<T> list(int most, Supplier<T> item) {
    List<T> list = new ArrayList<>();
    for (int i = random.nextInt(most + 1); i > 0; i--) {
      list.add(item.get());
    }
    return list;
  }

  private <T> @Nullable T maybe(Supplier<T> value) {
    return random.nextBoolean() ? value.get() : null;
  }

  @SafeVarargs
  private <T> T any(T... values) {
    return values[random.nextInt(values.length)];
  }
}
