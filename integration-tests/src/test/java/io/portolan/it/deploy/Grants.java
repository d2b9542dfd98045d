package io.portolan.it.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What an account's rendered roles grant, against what it asked an API server for by the server's
 * audit log.
 *
 * <p>The log is JSON lines of {@code audit.k8s.io/v1} at level Metadata or above, as {@code
 * --audit-log-path} writes with {@code deploy-audit-policy.yaml} of the test resources.
 */
final class Grants {
  /**
   * One kind of request, or one grant.
   *
   * @param namespace empty for cluster-wide
   * @param name of the object; empty for any
   */
  record Access(String group, String resource, String verb, String namespace, String name)
      implements Comparable<Access> {
    @Override
    public int compareTo(Access other) {
      return toString().compareTo(other.toString());
    }

    /** Whether this grant covers a request. */
    boolean covers(Access request) {
      return group.equals(request.group)
          && resource.equals(request.resource)
          && verb.equals(request.verb)
          && (namespace.isEmpty() || namespace.equals(request.namespace))
          && (name.isEmpty() || name.equals(request.name));
    }
  }

  /**
   * What does not match.
   *
   * @param missing asked for and not granted: the role is too small, or the program asks too much
   * @param unused granted and never asked for: the role is too large, or the run too short
   */
  record Difference(Set<Access> missing, Set<Access> unused) {}

  private final Set<Access> granted = new TreeSet<>();

  private Grants() {}

  /** What the roles that are bound to a service account grant. */
  static Grants of(Map<String, JsonNode> objects, String namespace, String account) {
    Grants grants = new Grants();
    for (String kind : List.of("ClusterRoleBinding", "RoleBinding")) {
      for (JsonNode binding : Objects.ofKind(objects, kind)) {
        if (!binds(binding, namespace, account)) {
          continue;
        }
        String where = binding.path("metadata").path("namespace").asText();
        JsonNode ref = binding.path("roleRef");
        String role =
            ref.path("kind").asText().equals("Role")
                ? "Role " + where + "/" + ref.path("name").asText()
                : "ClusterRole " + ref.path("name").asText();
        JsonNode rules = objects.get(role);
        if (rules == null) {
          throw new AssertionError(role + " is bound and not there");
        }
        rules.path("rules").forEach(rule -> grants.add(rule, where));
      }
    }
    return grants;
  }

  private static boolean binds(JsonNode binding, String namespace, String account) {
    for (JsonNode subject : binding.path("subjects")) {
      if (subject.path("kind").asText().equals("ServiceAccount")
          && subject.path("name").asText().equals(account)
          && subject.path("namespace").asText().equals(namespace)) {
        return true;
      }
    }
    return false;
  }

  private void add(JsonNode rule, String namespace) {
    List<String> names = new ArrayList<>();
    rule.path("resourceNames").forEach(n -> names.add(n.asText()));
    if (names.isEmpty()) {
      names.add("");
    }
    for (JsonNode group : rule.path("apiGroups")) {
      for (JsonNode resource : rule.path("resources")) {
        for (JsonNode verb : rule.path("verbs")) {
          for (String name : names) {
            granted.add(
                new Access(group.asText(), resource.asText(), verb.asText(), namespace, name));
          }
        }
      }
    }
  }

  Set<Access> granted() {
    return granted;
  }

  Difference compare(Set<Access> asked) {
    Set<Access> missing = new TreeSet<>();
    for (Access request : asked) {
      if (granted.stream().noneMatch(g -> g.covers(request))) {
        missing.add(request);
      }
    }
    Set<Access> unused = new TreeSet<>();
    for (Access grant : granted) {
      if (asked.stream().noneMatch(grant::covers)) {
        unused.add(grant);
      }
    }
    return new Difference(missing, unused);
  }

  /**
   * What a service account asked for, whether it was allowed or not. Discovery, health and the
   * questions about one's own rights, which every account may ask, are left out.
   */
  static Set<Access> asked(Path auditLog, String namespace, String account) throws IOException {
    String user = "system:serviceaccount:" + namespace + ":" + account;
    ObjectMapper json = new ObjectMapper();
    Set<Access> asked = new TreeSet<>();
    for (String line : Files.readAllLines(auditLog)) {
      JsonNode event = json.readTree(line);
      String by =
          event.has("impersonatedUser")
              ? event.path("impersonatedUser").path("username").asText()
              : event.path("user").path("username").asText();
      JsonNode object = event.path("objectRef");
      if (!by.equals(user) || object.path("resource").asText().isEmpty()) {
        continue;
      }
      String resource = object.path("resource").asText();
      if (object.has("subresource")) {
        resource = resource + "/" + object.path("subresource").asText();
      }
      if (resource.startsWith("selfsubject")) {
        continue;
      }
      asked.add(
          new Access(
              object.path("apiGroup").asText(),
              resource,
              event.path("verb").asText(),
              object.path("namespace").asText(),
              object.path("name").asText()));
    }
    return asked;
  }
}
