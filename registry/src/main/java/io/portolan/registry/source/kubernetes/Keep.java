package io.portolan.registry.source.kubernetes;

import io.portolan.registry.model.Kind;
import io.portolan.registry.source.objects.Annotations;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which fields of an object are kept while it is parsed; list items follow the rule of their list.
 * What a translator reads must be named here: a test compares translations with and without it.
 */
interface Keep {
  /** Everything. */
  Keep ALL = key -> Keep.ALL;

  /** Marks the bookmark that ends the initial objects of a streamed list. */
  String INITIAL_EVENTS_END = "k8s.io/initial-events-end";

  /** {@code metadata} without who wrote which field, and annotations that are read. */
  Keep METADATA =
      key ->
          switch (key) {
            case "managedFields" -> null;
            case "annotations" ->
                name ->
                    Annotations.areRead(name) || name.equals(INITIAL_EVENTS_END) ? Keep.ALL : null;
            default -> Keep.ALL;
          };

  /** The rule for what is below a field, null when the field is left out. */
  @Nullable Keep below(String key);

  /** The rule for objects of a kind. */
  static Keep of(Kind kind) {
    return switch (kind) {
      case NAMESPACE, SERVICE_ACCOUNT -> object(Map.of());
      case NODE -> object(Map.of("status", only("addresses")));
      case SERVICE -> object(Map.of("spec", ALL, "status", only("loadBalancer")));
      case ENDPOINT_SLICE -> object(Map.of("addressType", ALL, "endpoints", ALL, "ports", ALL));
      case POD -> object(Map.of("spec", POD_SPEC, "status", POD_STATUS));
      case SERVICE_ENTRY, WORKLOAD_ENTRY, DESTINATION_RULE, VIRTUAL_SERVICE, GATEWAY ->
          key -> key.equals("metadata") ? METADATA : key.equals("status") ? null : ALL;
    };
  }

  private static Keep object(Map<String, Keep> more) {
    Map<String, Keep> fields = new HashMap<>(more);
    fields.put("apiVersion", ALL);
    fields.put("kind", ALL);
    fields.put("metadata", METADATA);
    // Of the Status that an ERROR event carries.
    fields.put("code", ALL);
    fields.put("message", ALL);
    return fields::get;
  }

  private static Keep only(String... names) {
    Map<String, Keep> fields = new HashMap<>();
    for (String name : names) {
      fields.put(name, ALL);
    }
    return fields::get;
  }

  /** Of a pod's {@code spec}. */
  Keep POD_SPEC =
      key ->
          switch (key) {
            case "serviceAccountName",
                "serviceAccount",
                "nodeName",
                "hostname",
                "subdomain",
                "hostNetwork" ->
                Keep.ALL;
            case "containers" -> only("name", "ports");
            default -> null;
          };

  /** Of a pod's {@code status}. */
  Keep POD_STATUS =
      key ->
          switch (key) {
            case "phase", "podIP", "podIPs" -> Keep.ALL;
            case "conditions" -> only("type", "status");
            default -> null;
          };
}
