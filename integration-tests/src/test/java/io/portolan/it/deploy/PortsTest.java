package io.portolan.it.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import io.portolan.install.Chart;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The NetworkPolicies allow the ports in use and no others. What is in use is read from what the
 * processes are told: the arguments of the control plane, and the listeners of the gateway's Envoy
 * with those that Gateway objects give it. {@link PodsTest} holds this against open sockets.
 */
class PortsTest {
  private static final Set<Integer> DNS = Set.of(53);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gateways.eastwest.enabled=true",
        "gateways.eastwest.enabled=true,gateways.eastwest.exposeControlPlane=false",
        "gateways.eastwest.enabled=true,gateways.eastwest.exposeControlPlane=false,"
            + "global.externalIstiod=true"
      })
  void policyPodServiceAndProcessAgree(String settings) throws Exception {
    Chart chart = Chart.packaged();
    Map<String, JsonNode> objects =
        Objects.byLabel(chart.render(chart.settings(List.of(settings)), "istio-system"));
    List<JsonNode> deployments = Objects.ofKind(objects, "Deployment");
    assertEquals(2, deployments.size());
    for (JsonNode deployment : deployments) {
      String name = deployment.path("metadata").path("name").asText();
      JsonNode pod = deployment.path("spec").path("template");
      JsonNode labels = pod.path("metadata").path("labels");
      JsonNode container = pod.path("spec").path("containers").path(0);
      Set<Integer> opened =
          name.equals("istiod") ? addresses(container) : listeners(objects, labels);

      assertFalse(opened.isEmpty());
      assertEquals(opened, Objects.ports(container.path("ports"), "containerPort"), name);
      assertEquals(opened, served(objects, labels), name + ": Service");
      assertEquals(opened, allowed(objects, labels), name + ": NetworkPolicy");
      for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
        if (container.has(probe)) {
          int port = container.path(probe).path("httpGet").path("port").asInt();
          assertEquals(true, opened.contains(port), name + ": " + probe + " asks port " + port);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"{443,6443}", "{8443}"})
  void theControlPlaneReachesApiServersGatewaysAndDns(String apiServers) throws Exception {
    Chart chart = Chart.packaged();
    Map<String, JsonNode> objects =
        Objects.byLabel(
            chart.render(
                chart.settings(
                    List.of(
                        "gateways.eastwest.enabled=true",
                        "networkPolicy.apiServerPorts=" + apiServers)),
                "istio-system"));
    Set<Integer> expected = new TreeSet<>(DNS);
    for (String port : apiServers.substring(1, apiServers.length() - 1).split(",", -1)) {
      expected.add(Integer.parseInt(port));
    }
    // The gateways that it probes are those of the chart: the port that passes traffic on.
    expected.addAll(gatewayPorts(objects));
    JsonNode policy = objects.get("NetworkPolicy istio-system/istiod");
    Set<Integer> egress = new TreeSet<>();
    for (JsonNode rule : policy.path("spec").path("egress")) {
      assertEquals(false, rule.path("ports").isEmpty(), "a rule without ports allows all");
      egress.addAll(Objects.ports(rule.path("ports"), "port"));
    }
    assertEquals(expected, egress);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theGatewayReachesWhatItsEnvoyIsTold(boolean exposed) throws Exception {
    Chart chart = Chart.packaged();
    Map<String, JsonNode> objects =
        Objects.byLabel(
            chart.render(
                chart.settings(
                    List.of("profile=eastwest,gateways.eastwest.exposeControlPlane=" + exposed)),
                "istio-system"));
    Set<Integer> told = new TreeSet<>(DNS);
    for (JsonNode cluster : envoy(objects).path("static_resources").path("clusters")) {
      cluster.findValues("port_value").forEach(port -> told.add(port.asInt()));
    }
    Set<Integer> allowed = new TreeSet<>();
    int anyPort = 0;
    for (JsonNode rule :
        objects
            .get("NetworkPolicy istio-system/istio-eastwestgateway")
            .path("spec")
            .path("egress")) {
      if (rule.path("ports").isEmpty()) {
        anyPort++;
        assertEquals("[{\"namespaceSelector\":{}}]", rule.path("to").toString());
      }
      allowed.addAll(Objects.ports(rule.path("ports"), "port"));
    }
    assertEquals(told, allowed);
    assertEquals(1, anyPort, "workloads serve on ports of their own, inside the cluster");
  }

  /** Ports of {@code --…-address=HOST:PORT}. */
  static Set<Integer> addresses(JsonNode container) {
    Set<Integer> ports = new TreeSet<>();
    for (JsonNode argument : container.path("args")) {
      String text = argument.asText();
      if (text.startsWith("--") && text.contains("-address=") && !text.endsWith("=off")) {
        ports.add(Integer.parseInt(text.substring(text.lastIndexOf(':') + 1)));
      }
    }
    return ports;
  }

  /** Listeners of the gateway's bootstrap, and those of Gateway objects that select it. */
  static Set<Integer> listeners(Map<String, JsonNode> objects, JsonNode labels) {
    Set<Integer> ports = new TreeSet<>();
    for (JsonNode listener : envoy(objects).path("static_resources").path("listeners")) {
      ports.add(listener.path("address").path("socket_address").path("port_value").asInt());
    }
    for (JsonNode gateway : Objects.ofKind(objects, "Gateway")) {
      if (Objects.selects(gateway.path("spec").path("selector"), labels)) {
        ports.addAll(gatewayPorts(gateway));
      }
    }
    return ports;
  }

  private static Set<Integer> gatewayPorts(Map<String, JsonNode> objects) {
    Set<Integer> ports = new TreeSet<>();
    Objects.ofKind(objects, "Gateway").forEach(g -> ports.addAll(gatewayPorts(g)));
    return ports;
  }

  private static Set<Integer> gatewayPorts(JsonNode gateway) {
    Set<Integer> ports = new TreeSet<>();
    gateway
        .path("spec")
        .path("servers")
        .forEach(s -> ports.add(s.path("port").path("number").asInt()));
    return ports;
  }

  static JsonNode envoy(Map<String, JsonNode> objects) {
    return Objects.yaml(
        objects
            .get("ConfigMap istio-system/istio-eastwestgateway")
            .path("data")
            .path("envoy.yaml")
            .asText());
  }

  private static Set<Integer> served(Map<String, JsonNode> objects, JsonNode labels) {
    Set<Integer> ports = new TreeSet<>();
    for (JsonNode service : Objects.ofKind(objects, "Service")) {
      if (Objects.selects(service.path("spec").path("selector"), labels)) {
        ports.addAll(Objects.ports(service.path("spec").path("ports"), "targetPort"));
      }
    }
    return ports;
  }

  private static Set<Integer> allowed(Map<String, JsonNode> objects, JsonNode labels) {
    Set<Integer> ports = new TreeSet<>();
    for (JsonNode policy : Objects.ofKind(objects, "NetworkPolicy")) {
      JsonNode spec = policy.path("spec");
      if (Objects.selects(spec.path("podSelector").path("matchLabels"), labels)) {
        assertEquals("[\"Ingress\",\"Egress\"]", spec.path("policyTypes").toString());
        for (JsonNode rule : spec.path("ingress")) {
          assertFalse(rule.path("ports").isEmpty(), "a rule without ports allows all");
          ports.addAll(Objects.ports(rule.path("ports"), "port"));
        }
      }
    }
    return ports;
  }
}
