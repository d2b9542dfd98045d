package io.portolan.registry.source.objects;

import io.portolan.registry.model.Health;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.NamespaceObject;
import io.portolan.registry.model.NodeObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.PodObject;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.ServiceAccountObject;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.ServiceReach;
import io.portolan.registry.model.SliceObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Translates the core Kubernetes kinds, defaulting what the API server would default. */
final class KubernetesTranslator {
  private static final int MAX_PORT = 65535;
  private static final String SERVICE_NAME = "kubernetes.io/service-name";

  private KubernetesTranslator() {}

  static NamespaceObject namespace(ObjectRef ref, Origin origin, Metadata metadata, Fields o) {
    o.ignore("spec", "status");
    String uid = ref.name().equals(NamespaceObject.IDENTIFYING) ? metadata.uid() : "";
    return new NamespaceObject(ref, origin, metadata.labels(), uid);
  }

  static NodeObject node(ObjectRef ref, Origin origin, Metadata metadata, Fields o) {
    o.ignore("spec", "status");
    Map<String, String> labels = metadata.labels();
    return new NodeObject(
        ref,
        origin,
        new Locality(
            labels.getOrDefault("topology.kubernetes.io/region", ""),
            labels.getOrDefault("topology.kubernetes.io/zone", ""),
            labels.getOrDefault("topology.istio.io/subzone", "")));
  }

  static ServiceAccountObject serviceAccount(ObjectRef ref, Origin origin, Fields o) {
    o.ignore("secrets", "imagePullSecrets", "automountServiceAccountToken");
    return new ServiceAccountObject(ref, origin);
  }

  static @Nullable MeshObject service(ObjectRef ref, Origin origin, Metadata metadata, Fields o) {
    Fields spec = o.object("spec");
    Fields status = o.object("status");
    if (spec == null) {
      o.findings().error(o.line(), "spec", "is missing");
      return null;
    }
    List<ServicePort> ports = spec.objects("ports", KubernetesTranslator::servicePort);
    List<String> ips = new ArrayList<>(spec.strings("clusterIPs"));
    String clusterIp = spec.string("clusterIP", "");
    if (ips.isEmpty() && !clusterIp.isEmpty()) {
      ips.add(clusterIp);
    }
    boolean headless = ips.contains("None");
    ips.remove("None");
    List<String> external = new ArrayList<>(spec.strings("externalIPs"));
    external.addAll(ingress(status));
    String typeText = spec.string("type", "ClusterIP");
    ServiceObject.Type type =
        switch (typeText) {
          case "ClusterIP" ->
              headless ? ServiceObject.Type.HEADLESS : ServiceObject.Type.CLUSTER_IP;
          case "NodePort" -> ServiceObject.Type.NODE_PORT;
          case "LoadBalancer" -> ServiceObject.Type.LOAD_BALANCER;
          case "ExternalName" -> ServiceObject.Type.EXTERNAL_NAME;
          default -> {
            spec.findings()
                .error(
                    spec.lineOf("type"),
                    "spec.type",
                    typeText + " (expected ClusterIP, NodePort, LoadBalancer or ExternalName)");
            yield ServiceObject.Type.CLUSTER_IP;
          }
        };
    ServiceObject service =
        new ServiceObject(
            ref,
            origin,
            type,
            spec.string("externalName", ""),
            ips,
            external,
            ports,
            spec.stringMap("selector"),
            metadata.labels(),
            metadata.annotations(),
            spec.bool("publishNotReadyAddresses", false),
            reach(metadata, spec));
    spec.ignore(
        "sessionAffinity",
        "sessionAffinityConfig",
        "ipFamilies",
        "ipFamilyPolicy",
        "externalTrafficPolicy",
        "allocateLoadBalancerNodePorts",
        "loadBalancerClass",
        "loadBalancerIP",
        "loadBalancerSourceRanges",
        "healthCheckNodePort");
    spec.finish();
    return service;
  }

  private static ServiceReach reach(Metadata metadata, Fields spec) {
    String internal = spec.string("internalTrafficPolicy", "Cluster");
    if (!internal.equals("Cluster") && !internal.equals("Local")) {
      spec.findings()
          .error(
              spec.lineOf("internalTrafficPolicy"),
              "spec.internalTrafficPolicy",
              internal + " (expected Cluster or Local)");
    }
    String annotated =
        metadata.annotations().getOrDefault("networking.istio.io/traffic-distribution", "");
    String preferred = spec.string("trafficDistribution", annotated);
    ServiceReach.Distribution distribution =
        switch (preferred) {
          case "" -> ServiceReach.Distribution.UNSET;
          case "PreferClose", "PreferSameZone" -> ServiceReach.Distribution.SAME_ZONE;
          case "PreferSameNode" -> ServiceReach.Distribution.SAME_NODE;
          default -> {
            spec.findings()
                .warning(
                    spec.lineOf("trafficDistribution"),
                    "spec.trafficDistribution",
                    preferred + " (expected PreferClose, PreferSameZone or PreferSameNode)");
            yield ServiceReach.Distribution.UNSET;
          }
        };
    List<String> exportTo = new ArrayList<>();
    for (String part :
        metadata.annotations().getOrDefault("networking.istio.io/exportTo", "").split(",", -1)) {
      if (!part.isBlank()) {
        exportTo.add(part.strip());
      }
    }
    return new ServiceReach(internal.equals("Local"), distribution, exportTo);
  }

  private static List<String> ingress(@Nullable Fields status) {
    if (status == null) {
      return List.of();
    }
    status.ignore("conditions");
    Fields balancer = status.object("loadBalancer");
    if (balancer == null) {
      return List.of();
    }
    return balancer.objects(
        "ingress",
        i -> {
          i.ignore("ipMode", "ports");
          String ip = i.string("ip", "");
          String host = i.string("hostname", "");
          return ip.isEmpty() ? host : ip;
        });
  }

  private static ServicePort servicePort(Fields port) {
    int number = port.integer("port", 0, 1, MAX_PORT);
    if (!port.has("port")) {
      port.findings().error(port.line(), port.path("port"), "is missing");
    }
    String name = port.string("name", "");
    String target = port.string("targetPort", "");
    int targetNumber = number;
    String targetName = "";
    if (!target.isEmpty()) {
      boolean digits = target.chars().allMatch(c -> c >= '0' && c <= '9');
      targetNumber = digits ? port.integer("targetPort", number, 1, MAX_PORT) : 0;
      targetName = digits ? "" : target;
    }
    PortProtocol protocol =
        PortProtocol.of(
            port.string("protocol", "TCP"), port.string("appProtocol", ""), name, number);
    port.ignore("nodePort");
    return new ServicePort(number, name, protocol, targetNumber, targetName);
  }

  static @Nullable MeshObject slice(ObjectRef ref, Origin origin, Metadata metadata, Fields o) {
    String service = metadata.labels().getOrDefault(SERVICE_NAME, "");
    if (service.isEmpty()) {
      o.findings()
          .error(
              o.line(),
              "metadata.labels",
              SERVICE_NAME
                  + " is missing (expected the name of the Service the endpoints belong to)");
      return null;
    }
    String family = o.string("addressType", "IPv4");
    if (family.equals("FQDN")) {
      o.findings()
          .error(
              o.lineOf("addressType"),
              "addressType",
              "FQDN (expected IPv4 or IPv6; names belong into a ServiceEntry with resolution DNS)");
      return null;
    }
    List<SliceObject.SlicePort> ports =
        o.objects(
            "ports",
            p -> {
              p.ignore("appProtocol");
              String protocol = p.string("protocol", "TCP");
              String name = p.string("name", "");
              int number = p.integer("port", 0, 1, MAX_PORT);
              return protocol.equals("TCP") && number > 0
                  ? new SliceObject.SlicePort(name, number)
                  : null;
            });
    List<SliceObject.SliceEndpoint> endpoints =
        o.objects("endpoints", KubernetesTranslator::sliceEndpoint);
    return new SliceObject(ref, origin, service, ports, endpoints);
  }

  private static SliceObject.@Nullable SliceEndpoint sliceEndpoint(Fields e) {
    List<String> addresses = e.strings("addresses");
    Health health = Health.HEALTHY;
    Fields conditions = e.object("conditions");
    if (conditions != null) {
      boolean ready = conditions.bool("ready", true);
      boolean serving = conditions.bool("serving", ready);
      boolean terminating = conditions.bool("terminating", false);
      conditions.finish();
      health = terminating && serving ? Health.DRAINING : ready ? Health.HEALTHY : Health.UNHEALTHY;
    }
    String pod = "";
    Fields target = e.object("targetRef");
    if (target != null) {
      String kind = target.string("kind", "");
      pod = kind.equals("Pod") ? target.string("name", "") : "";
      target.ignore("name", "namespace", "uid", "apiVersion", "resourceVersion", "fieldPath");
      target.finish();
    }
    String node = e.string("nodeName", "");
    String zone = e.string("zone", "");
    String hostname = e.string("hostname", "");
    e.ignore("hints", "deprecatedTopology");
    if (addresses.isEmpty()) {
      e.findings().error(e.line(), e.path("addresses"), "is missing");
      return null;
    }
    return new SliceObject.SliceEndpoint(addresses.getFirst(), health, node, zone, pod, hostname);
  }

  static MeshObject pod(ObjectRef ref, Origin origin, Metadata metadata, Fields o) {
    Fields spec = o.object("spec");
    Fields status = o.object("status");
    String account = "default";
    String node = "";
    String hostname = "";
    String subdomain = "";
    List<PodObject.ContainerPort> ports = new ArrayList<>();
    if (spec != null) {
      account = spec.string("serviceAccountName", spec.string("serviceAccount", "default"));
      node = spec.string("nodeName", "");
      hostname = spec.string("hostname", "");
      subdomain = spec.string("subdomain", "");
      spec.objects(
          "containers",
          c -> {
            ports.addAll(
                c.objects(
                    "ports",
                    p -> {
                      p.ignore("protocol", "hostPort", "hostIP");
                      return new PodObject.ContainerPort(
                          p.string("name", ""), p.integer("containerPort", 0, 1, MAX_PORT));
                    }));
            c.everything();
            return null;
          });
      spec.everything();
    }
    List<String> ips = new ArrayList<>();
    Health health = metadata.deleted() ? Health.DRAINING : Health.HEALTHY;
    if (status != null) {
      ips.addAll(status.objects("podIPs", ip -> ip.string("ip", "")));
      String ip = status.string("podIP", "");
      if (ips.isEmpty() && !ip.isEmpty()) {
        ips.add(ip);
      }
      String phase = status.string("phase", "Running");
      if (phase.equals("Failed") || phase.equals("Succeeded")) {
        ips.clear();
      }
      // A file written by hand may leave conditions out: then the pod counts as ready.
      boolean[] ready = {true};
      status.objects(
          "conditions",
          c -> {
            if (c.string("type", "").equals("Ready")) {
              ready[0] = c.string("status", "True").equals("True");
            }
            c.everything();
            return null;
          });
      status.everything();
      if (!ready[0] && health == Health.HEALTHY) {
        health = Health.UNHEALTHY;
      }
    }
    return new PodObject(
        ref, origin, ips, metadata.labels(), account, node, health, ports, hostname, subdomain);
  }
}
