package io.portolan.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** The packaged chart. Immutable. */
public final class Chart {
  /** Files of the chart's templates. */
  static final List<String> TEMPLATES =
      List.of(
          "control-plane-deployment.yaml",
          "control-plane-service.yaml",
          "eastwest-envoy.yaml",
          "eastwest-gateway.yaml",
          "mesh-config.yaml",
          "namespace.yaml",
          "network-policies.yaml",
          "rbac.yaml",
          "reader.yaml",
          "remote-control-plane.yaml");

  /** Files of the definitions of the Istio kinds. */
  static final List<String> DEFINITIONS =
      List.of(
          "destinationrules.yaml",
          "gateways.yaml",
          "serviceentries.yaml",
          "sidecars.yaml",
          "virtualservices.yaml",
          "workloadentries.yaml",
          "workloadgroups.yaml");

  /** What must be there before what: a kind that is not listed comes last. */
  private static final List<String> ORDER =
      List.of(
          "Namespace",
          "NetworkPolicy",
          "ServiceAccount",
          "Secret",
          "ConfigMap",
          "CustomResourceDefinition",
          "ClusterRole",
          "ClusterRoleBinding",
          "Role",
          "RoleBinding",
          "Service",
          "EndpointSlice",
          "PodDisruptionBudget",
          "Deployment",
          "HorizontalPodAutoscaler");

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final JsonNode about;
  private final ObjectNode values;
  private final SettingsSchema schema;

  /**
   * One object.
   *
   * @param text as the chart writes it, with comments
   * @param tree as it is
   */
  public record Document(String text, JsonNode tree) {
    /** The object's kind. */
    public String kind() {
      return tree.path("kind").asText();
    }

    /** The object's name. */
    public String name() {
      return tree.path("metadata").path("name").asText();
    }

    /** {@code Kind namespace/name}. */
    public String label() {
      String namespace = tree.path("metadata").path("namespace").asText();
      return kind() + " " + (namespace.isEmpty() ? "" : namespace + "/") + name();
    }
  }

  private Chart(JsonNode about, ObjectNode values, SettingsSchema schema) {
    this.about = about;
    this.values = values;
    this.schema = schema;
  }

  /**
   * The chart of this build.
   *
   * @throws IOException when the build has none
   */
  public static Chart packaged() throws IOException, InstallException {
    JsonNode values = yaml("values.yaml", resource("chart/values.yaml"));
    return new Chart(
        yaml("Chart.yaml", resource("chart/Chart.yaml")),
        (ObjectNode) values,
        new SettingsSchema(MAPPER.readTree(resource("chart/values.schema.json"))));
  }

  /**
   * The settings that hold: the chart's with the user's over them.
   *
   * @param set each {@code path=value[,path=value]…}, later ones win
   * @throws InstallException with everything that is wrong
   */
  public ObjectNode settings(List<String> set) throws InstallException {
    ObjectNode merged = values.deepCopy();
    for (String option : set) {
      Settings.set(merged, option);
    }
    List<String> wrong = schema.check(merged);
    if (!wrong.isEmpty()) {
      throw new InstallException(String.join("\n", wrong));
    }
    return merged;
  }

  /**
   * The objects, in the order in which they are applied.
   *
   * @param namespace of everything that has one
   * @throws InstallException when the settings do not go together
   */
  public List<Document> render(ObjectNode settings, String namespace)
      throws IOException, InstallException {
    List<Document> documents = new ArrayList<>();
    for (String file : TEMPLATES) {
      documents.addAll(documents(file, render(file, settings, namespace)));
    }
    documents.sort(Comparator.comparingInt(Chart::rank));
    return documents;
  }

  /** What to do next, as text. */
  public String notes(ObjectNode settings, String namespace) throws IOException, InstallException {
    return render("NOTES.txt", settings, namespace).strip();
  }

  /** The definitions of the Istio kinds. */
  public List<Document> definitions() throws IOException, InstallException {
    List<Document> documents = new ArrayList<>();
    for (String file : DEFINITIONS) {
      documents.addAll(documents(file, resource("crds/" + file)));
    }
    return documents;
  }

  private static int rank(Document document) {
    int at = ORDER.indexOf(document.kind());
    return at < 0 ? ORDER.size() : at;
  }

  private String render(String file, ObjectNode settings, String namespace)
      throws IOException, InstallException {
    ObjectNode root = MAPPER.createObjectNode();
    root.set("Values", settings);
    root.putObject("Release").put("Namespace", namespace).put("Name", "portolan");
    root.putObject("Chart").put("AppVersion", about.path("appVersion").asText());
    try {
      return Template.parse(resource("chart/templates/" + file)).render(root);
    } catch (InstallException e) {
      throw new InstallException(e.getMessage() + " [" + file + "]", e);
    }
  }

  private static List<Document> documents(String file, String text) throws InstallException {
    List<Document> documents = new ArrayList<>();
    for (String part : ("\n" + text + "\n").split("\n---\n", -1)) {
      JsonNode tree = yaml(file, part + "\n");
      if (!tree.isNull() && !tree.isMissingNode()) {
        documents.add(new Document(part.strip(), tree));
      }
    }
    return documents;
  }

  private static JsonNode yaml(String file, String text) throws InstallException {
    try {
      Object tree = new Load(LoadSettings.builder().setLabel(file).build()).loadFromString(text);
      return MAPPER.valueToTree(tree);
    } catch (YamlEngineException e) {
      throw new InstallException(file + ": is not YAML once rendered: " + e.getMessage(), e);
    }
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = Chart.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException(name + ": is missing in this build");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
