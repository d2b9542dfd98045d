package io.portolan.registry.source.objects;

import io.portolan.registry.model.Locality;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import io.portolan.registry.model.PortProtocol;
import io.portolan.registry.model.Resolution;
import io.portolan.registry.model.ServiceEntryObject;
import io.portolan.registry.model.ServicePort;
import io.portolan.registry.model.WorkloadEntryObject;
import io.portolan.registry.model.WorkloadSpec;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Translates ServiceEntries and WorkloadEntries. */
final class EntryTranslator {
  private static final int MAX_PORT = 65535;
  private static final int MAX_WEIGHT = 1_000_000;

  private EntryTranslator() {}

  static ServiceEntryObject serviceEntry(ObjectRef ref, Origin origin, Fields spec) {
    List<String> hosts = spec.strings("hosts");
    if (hosts.isEmpty()) {
      spec.findings().error(spec.lineOf("hosts"), spec.path("hosts"), "is missing");
    }
    List<ServicePort> ports =
        spec.objects(
            "ports",
            p -> {
              int number = p.integer("number", 0, 1, MAX_PORT);
              int target = p.integer("targetPort", number, 1, MAX_PORT);
              String name = p.string("name", "");
              return new ServicePort(
                  number,
                  name,
                  PortProtocol.of("TCP", p.string("protocol", ""), name, number),
                  target,
                  "");
            });
    Resolution resolution =
        switch (spec.string("resolution", "NONE")) {
          case "STATIC" -> Resolution.STATIC;
          case "DNS" -> Resolution.DNS;
          case "DNS_ROUND_ROBIN" -> Resolution.DNS_ROUND_ROBIN;
          case "NONE" -> Resolution.NONE;
          default -> {
            spec.findings()
                .error(
                    spec.lineOf("resolution"),
                    spec.path("resolution"),
                    "expected NONE, STATIC, DNS or DNS_ROUND_ROBIN");
            yield Resolution.NONE;
          }
        };
    boolean internal = spec.string("location", "MESH_EXTERNAL").equals("MESH_INTERNAL");
    List<WorkloadSpec> endpoints = spec.objects("endpoints", EntryTranslator::workload);
    Map<String, String> selector = Map.of();
    Fields selecting = spec.object("workloadSelector");
    if (selecting != null) {
      selector = selecting.stringMap("labels");
      selecting.finish();
    }
    return new ServiceEntryObject(
        ref,
        origin,
        hosts,
        spec.strings("addresses"),
        ports,
        resolution,
        internal,
        endpoints,
        selector,
        spec.strings("exportTo"),
        spec.strings("subjectAltNames"));
  }

  static WorkloadEntryObject workloadEntry(ObjectRef ref, Origin origin, Fields spec) {
    return new WorkloadEntryObject(ref, origin, workload(spec));
  }

  private static WorkloadSpec workload(Fields spec) {
    Map<String, Integer> ports = new HashMap<>();
    Fields named = spec.object("ports");
    if (named != null) {
      named.names().forEach(n -> ports.put(n, named.integer(n, 0, 1, MAX_PORT)));
    }
    String locality = spec.string("locality", "");
    Locality place = Locality.UNKNOWN;
    try {
      place = locality.isEmpty() ? Locality.UNKNOWN : Locality.parse(locality);
    } catch (IllegalArgumentException e) {
      spec.findings()
          .error(spec.lineOf("locality"), spec.path("locality"), String.valueOf(e.getMessage()));
    }
    return new WorkloadSpec(
        spec.required("address"),
        ports,
        spec.stringMap("labels"),
        spec.string("network", ""),
        place,
        spec.integer("weight", 0, 0, MAX_WEIGHT),
        spec.string("serviceAccount", ""));
  }
}
