package io.portolan.registry.source.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.Change;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.source.files.MeshDirectory;
import io.portolan.registry.source.objects.Finding;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import tools.jackson.databind.json.JsonMapper;

/** The same YAML means the same in a file and on an API server, whatever that adds to it. */
class SameMeaningTest {
  private static final ReaderSettings SETTINGS = ReaderSettings.of("istio-system", "cluster.local");
  private static final JsonMapper JSON = new JsonMapper();

  @TempDir Path root;

  private static final Path PROJECT = Path.of(System.getProperty("portolan.root"));

  static List<String> inputs() throws IOException {
    List<String> found = new ArrayList<>();
    for (String folder :
        List.of(
            "registry/src/test/resources/same",
            "xds-server/src/test/resources/golden",
            "deploy/labs")) {
      try (Stream<Path> walk = Files.walk(PROJECT.resolve(folder))) {
        walk.filter(p -> p.toString().endsWith(".yaml"))
            .filter(p -> folder.endsWith("same") || p.toString().contains("/mesh/"))
            .filter(p -> !p.endsWith("mesh.yaml"))
            .sorted()
            .forEach(p -> found.add(PROJECT.relativize(p).toString()));
      }
    }
    assertTrue(found.size() > 20, "the inputs are where they are expected");
    return found;
  }

  @ParameterizedTest
  @MethodSource("inputs")
  void fromAFileAndFromAnApiServer(String name) throws IOException {
    Path input = PROJECT.resolve(name);
    Map<ObjectRef, MeshObject> fromFile = new TreeMap<>();
    TreeSet<String> foundInFile = new TreeSet<>();
    Path folder = Files.createDirectories(root.resolve("east"));
    Files.copy(input, folder.resolve("in.yaml"));
    Files.writeString(root.resolve("mesh.yaml"), "clusters: [{name: east}]\n");
    MeshDirectory.Scan scan =
        new MeshDirectory(root, () -> Instant.parse("2999-01-01T00:00:00Z"), Duration.ZERO).scan();
    for (Change change : scan.changes()) {
      if (change instanceof Change.Put(MeshObject object)) {
        fromFile.put(object.ref(), object);
      }
    }
    scan.findings().forEach(f -> foundInFile.add(told(f)));

    Map<ObjectRef, MeshObject> fromServer = new TreeMap<>();
    Load load = new Load(LoadSettings.builder().setAllowDuplicateKeys(true).build());
    for (Object document : load.loadAllFromString(Files.readString(input))) {
      for (Map<String, Object> object : objects(document)) {
        readBack(object, fromServer, foundInFile);
      }
    }
    assertEquals(fromFile.keySet(), fromServer.keySet());
    assertFalse(fromFile.isEmpty() && !Files.readString(input).contains("Secret"));
    fromFile.forEach((ref, object) -> assertEquals(parts(object), parts(fromServer.get(ref))));
  }

  private void readBack(
      Map<String, Object> object, Map<ObjectRef, MeshObject> into, TreeSet<String> foundInFile) {
    for (Kind kind : Kind.values()) {
      ApiResource resource = ApiResource.of(kind);
      if (!kind.kubernetesName().equals(object.get("kind"))) {
        continue;
      }
      byte[] bytes = JSON.writeValueAsBytes(asServed(object, resource));
      ObjectReader.Reading reading =
          new ObjectReader("east", resource, SETTINGS, new Interner(100))
              .item(bytes, bytes.length, bytes.length, 0);
      reading.object().ifPresent(o -> into.put(reading.ref().orElseThrow(), o));
      for (Finding finding : reading.findings()) {
        assertTrue(foundInFile.contains(told(finding)), finding + " is not among " + foundInFile);
      }
    }
  }

  private static String told(Finding finding) {
    return finding.severity() + " " + finding.text();
  }

  /** Every part of an object but its origin. */
  private static Map<String, Object> parts(MeshObject object) {
    Map<String, Object> parts = new LinkedHashMap<>();
    for (RecordComponent component : object.getClass().getRecordComponents()) {
      if (!component.getName().equals("origin")) {
        try {
          parts.put(component.getName(), component.getAccessor().invoke(object));
        } catch (ReflectiveOperationException e) {
          throw new AssertionError(e);
        }
      }
    }
    return parts;
  }

  private static List<Map<String, Object>> objects(Object document) {
    Map<String, Object> object = map(document);
    if (!"List".equals(object.get("kind"))) {
      return List.of(object);
    }
    List<Map<String, Object>> items = new ArrayList<>();
    ((List<?>) object.get("items")).forEach(item -> items.addAll(objects(item)));
    return items;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Object value) {
    return value == null ? new LinkedHashMap<>() : new LinkedHashMap<>((Map<String, Object>) value);
  }

  /** The object as an API server returns it in a list: with its bookkeeping and its defaults. */
  private static Map<String, Object> asServed(Map<String, Object> written, ApiResource resource) {
    Map<String, Object> object = new LinkedHashMap<>(written);
    Map<String, Object> metadata = map(object.get("metadata"));
    Kind kind = resource.kind();
    if (kind != Kind.NAMESPACE && kind != Kind.NODE) {
      metadata.putIfAbsent("namespace", "default");
    }
    metadata.put("uid", "3f1c");
    metadata.put("resourceVersion", "812");
    metadata.put("generation", 1);
    metadata.put("creationTimestamp", "2026-01-01T00:00:00Z");
    metadata.put(
        "managedFields", List.of(Map.of("manager", "kubectl", "fieldsV1", Map.of("f:spec", 1))));
    Map<String, Object> annotations = map(metadata.get("annotations"));
    annotations.put("kubectl.kubernetes.io/last-applied-configuration", "{}");
    metadata.put("annotations", annotations);
    object.put("metadata", metadata);
    if (!resource.custom()) {
      object.remove("apiVersion");
      object.remove("kind");
    }
    switch (kind) {
      case SERVICE -> object.put("spec", service(map(object.get("spec"))));
      case POD -> {
        Map<String, Object> spec = map(object.get("spec"));
        spec.put("restartPolicy", "Always");
        spec.put("volumes", List.of(Map.of("name", "token")));
        spec.put("tolerations", List.of(Map.of("key", "a")));
        spec.putIfAbsent("serviceAccountName", "default");
        spec.put("serviceAccount", spec.get("serviceAccountName"));
        object.put("spec", spec);
        Map<String, Object> status = map(object.get("status"));
        status.put("qosClass", "Burstable");
        status.put("containerStatuses", List.of(Map.of("name", "app", "ready", true)));
        object.put("status", status);
      }
      case NODE -> {
        object.put("spec", Map.of("podCIDR", "10.1.0.0/24"));
        object.put("status", Map.of("images", List.of(Map.of("sizeBytes", 7))));
      }
      case NAMESPACE -> object.put("status", Map.of("phase", "Active"));
      default -> {}
    }
    return object;
  }

  private static Map<String, Object> service(Map<String, Object> spec) {
    spec.putIfAbsent("type", "ClusterIP");
    spec.put("sessionAffinity", "None");
    spec.putIfAbsent("internalTrafficPolicy", "Cluster");
    spec.put("ipFamilies", List.of("IPv4"));
    spec.put("ipFamilyPolicy", "SingleStack");
    if (spec.get("clusterIP") != null) {
      spec.putIfAbsent("clusterIPs", List.of(spec.get("clusterIP")));
    }
    List<Object> ports = new ArrayList<>();
    for (Object port : spec.get("ports") instanceof List<?> list ? list : List.of()) {
      Map<String, Object> served = map(port);
      served.putIfAbsent("protocol", "TCP");
      served.putIfAbsent("targetPort", served.get("port"));
      ports.add(served);
    }
    spec.put("ports", ports);
    return spec;
  }
}
