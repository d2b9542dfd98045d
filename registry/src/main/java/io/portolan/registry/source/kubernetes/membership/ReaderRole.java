package io.portolan.registry.source.kubernetes.membership;

import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.PolicyRuleBuilder;
import java.util.ArrayList;
import java.util.List;

/**
 * What a reader of a remote cluster may do: list and watch what it reads, and ask that cluster's
 * API server whose a token is. No Secret, no write.
 */
public final class ReaderRole {
  /** Name of service account, role and binding. */
  public static final String NAME = "portolan-reader";

  private static final List<String> READ = List.of("list", "watch");

  private ReaderRole() {}

  /**
   * One thing that is allowed.
   *
   * @param group API group, empty for the core
   */
  public record Permission(String verb, String group, String resource) {
    @Override
    public String toString() {
      return verb + " " + resource + (group.isEmpty() ? "" : "." + group);
    }
  }

  /** The rules of the role, also for the manifests. */
  public static List<PolicyRule> rules(boolean istioKinds) {
    List<PolicyRule> rules = new ArrayList<>();
    rules.add(rule(READ, "", "namespaces", "nodes", "services", "pods"));
    rules.add(rule(READ, "discovery.k8s.io", "endpointslices"));
    rules.add(rule(List.of("create"), "authentication.k8s.io", "tokenreviews"));
    if (istioKinds) {
      rules.add(
          rule(
              READ,
              "networking.istio.io",
              "destinationrules",
              "gateways",
              "serviceentries",
              "sidecars",
              "virtualservices",
              "workloadentries"));
      rules.add(
          rule(
              READ,
              "security.istio.io",
              "authorizationpolicies",
              "peerauthentications",
              "requestauthentications"));
    }
    return rules;
  }

  private static PolicyRule rule(List<String> verbs, String group, String... resources) {
    return new PolicyRuleBuilder()
        .withApiGroups(group)
        .withResources(resources)
        .withVerbs(verbs)
        .build();
  }

  /** Every verb and resource of {@link #rules}, one by one. */
  public static List<Permission> permissions(boolean istioKinds) {
    List<Permission> all = new ArrayList<>();
    for (PolicyRule rule : rules(istioKinds)) {
      for (String resource : rule.getResources()) {
        for (String verb : rule.getVerbs()) {
          all.add(new Permission(verb, rule.getApiGroups().getFirst(), resource));
        }
      }
    }
    return all;
  }

  static ClusterRole role(boolean istioKinds) {
    return new ClusterRoleBuilder()
        .withNewMetadata()
        .withName(NAME)
        .addToLabels("app.kubernetes.io/name", "portolan")
        .endMetadata()
        .withRules(rules(istioKinds))
        .build();
  }
}
