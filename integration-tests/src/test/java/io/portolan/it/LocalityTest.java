package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.NetworkInterface;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where real Envoys send requests: by shares, by a name of another network, over IPv6. */
class LocalityTest {
  private static final int CALLS = 2000;

  /** Standard deviations that a share may be off: once in three million runs it is more. */
  private static final double DEVIATIONS = 5;

  @TempDir Path directory;

  private static String service(String name, int port, int target) {
    return """
        apiVersion: v1
        kind: Service
        metadata: {name: %s, namespace: demo}
        spec:
          clusterIP: 10.96.0.1
          selector: {app: %s}
          ports: [{name: http, port: %d, targetPort: %d}]
        ---
        """
        .formatted(name, name, port, target);
  }

  private static String pod(String name, String app, String ip, String labels) {
    return """
        apiVersion: v1
        kind: Pod
        metadata:
          name: %s
          namespace: demo
          labels: {app: %s%s}
        spec: {serviceAccountName: %s}
        status: {podIP: "%s"}
        ---
        """
        .formatted(name, app, labels, name, ip);
  }

  private static final String SHARES =
      """
      apiVersion: networking.istio.io/v1
      kind: DestinationRule
      metadata: {name: web, namespace: demo}
      spec:
        host: web
        trafficPolicy:
          loadBalancer:
            localityLbSetting:
              distribute:
              - from: r1/z1/*
                to: {"r1/z1/*": 70, "r1/z2/*": 20, "r2/*": 10}
      """;

  @Test
  void requestsAreSharedAsDistributeSays() throws Exception {
    Map<String, String> files =
        Map.of(
            "mesh.yaml",
            "trustDomain: shares.example\nclusters: [{name: east, locality: r1/z1}]\n",
            "east/all.yaml",
            service("web", 8083, 9083)
                + pod("web-1", "web", "127.76.1.1", ", istio-locality: r1.z1")
                + pod("web-2", "web", "127.76.1.2", ", istio-locality: r1.z1")
                + pod("web-3", "web", "127.76.1.3", ", istio-locality: r1.z1")
                + pod("web-4", "web", "127.76.1.4", ", istio-locality: r1.z2")
                + pod("web-5", "web", "127.76.1.5", ", istio-locality: r2.z1")
                + pod("web-6", "web", "127.76.1.6", ", istio-locality: r3.z1")
                + SHARES);
    try (AttachedEnvoys mesh =
        new AttachedEnvoys(directory, AttachedEnvoys.written(directory.resolve("mesh"), files))) {
      for (int i = 1; i <= 6; i++) {
        String name = "web-" + i;
        mesh.app("127.76.1." + i, 9083, exchange -> name);
      }
      mesh.envoy("east", "demo", "client", "client", "127.76.1.100");
      String host = "web.demo.svc.cluster.local";
      String first = AttachedEnvoys.answer("127.76.1.100", 8083, host, a -> a.startsWith("web-"));
      assertTrue(first.startsWith("web-"), first);
      Map<String, Integer> answers = new TreeMap<>();
      for (int call = 0; call < CALLS; call++) {
        answers.merge(
            AttachedEnvoys.body(AttachedEnvoys.get("127.76.1.100", 8083, host)), 1, Integer::sum);
      }
      Map<String, Double> shares =
          Map.of("web-1", .7 / 3, "web-2", .7 / 3, "web-3", .7 / 3, "web-4", .2, "web-5", .1);
      assertEquals(new TreeMap<>(shares).keySet(), answers.keySet(), "web-6 is named nowhere");
      shares.forEach(
          (name, share) -> {
            double expected = CALLS * share;
            double off = Math.abs(answers.get(name) - expected);
            double deviation = Math.sqrt(CALLS * share * (1 - share));
            assertTrue(off <= DEVIATIONS * deviation, name + " of " + answers);
          });
    }
  }

  private static final String ELSEWHERE =
      """
      apiVersion: networking.istio.io/v1
      kind: ServiceEntry
      metadata: {name: web, namespace: demo}
      spec:
        hosts: [web.demo.global]
        addresses: [240.0.0.1]
        location: MESH_EXTERNAL
        resolution: DNS
        ports: [{number: 8084, name: web, protocol: HTTP}]
        endpoints:
        - {address: web.demo.svc.cluster.local, network: net-west, ports: {web: 8083}}
      """;
  private static final String PASSTHROUGH =
      """
      apiVersion: networking.istio.io/v1
      kind: Gateway
      metadata: {name: cross-network, namespace: istio-system}
      spec:
        selector: {istio: eastwestgateway}
        servers:
        - port: {number: 15443, name: tls, protocol: TLS}
          tls: {mode: AUTO_PASSTHROUGH}
          hosts: ["*.local"]
      """;

  @Test
  void aNameOfAnotherNetworkLeadsThroughItsGateway() throws Exception {
    Map<String, String> files =
        Map.of(
            "mesh.yaml",
            """
            trustDomain: elsewhere.example
            clusters:
            - {name: east, network: net-east}
            - {name: west, network: net-west}
            networks:
              net-west:
                gateways: [{address: 127.76.2.250, port: 15443}]
            """,
            "east/all.yaml",
            ELSEWHERE,
            "west/all.yaml",
            service("web", 8083, 9083)
                + pod("web-1", "web", "127.76.2.1", ", security.istio.io/tlsMode: istio")
                + PASSTHROUGH);
    try (AttachedEnvoys mesh =
        new AttachedEnvoys(directory, AttachedEnvoys.written(directory.resolve("mesh"), files))) {
      mesh.app("127.176.2.1", 9083, exchange -> "web in the west");
      mesh.envoy("west", "demo", "web-1", "web-1", "127.76.2.1", "--app-address", "127.176.2.1");
      mesh.envoy(
          "west",
          "istio-system",
          "gateway",
          "gateway",
          "127.76.2.250",
          "--role",
          "router",
          "--labels",
          "istio=eastwestgateway");
      mesh.envoy("east", "demo", "client", "client", "127.76.2.100");
      for (String host : new String[] {"web.demo.global", "240.0.0.1"}) {
        assertEquals(
            "web in the west",
            AttachedEnvoys.answer("127.76.2.100", 8084, host, a -> a.startsWith("web")),
            host);
      }
    }
  }

  @Test
  void aProxyWithIpv6AloneServesAndCalls() throws Exception {
    Assumptions.assumeTrue(hasIpv6Loopback(), "NOT RUN: this machine has no ::1");
    Map<String, String> files =
        Map.of(
            "mesh.yaml",
            "trustDomain: six.example\nclusters: [{name: east}]\n",
            "east/all.yaml",
            service("web", 8086, 9086)
                + pod("web-1", "web", "::1", ", security.istio.io/tlsMode: istio"));
    try (AttachedEnvoys mesh =
        new AttachedEnvoys(directory, AttachedEnvoys.written(directory.resolve("mesh"), files))) {
      mesh.app("127.76.3.1", 9086, exchange -> "web over six");
      // One proxy: its outbound listener and its own inbound one, both on ::1.
      mesh.envoy(
          "east",
          "demo",
          "web-1",
          "web-1",
          "::1",
          "--app-address",
          "127.76.3.1",
          "--admin-address",
          "127.76.3.1:15000");
      assertEquals(
          "web over six", AttachedEnvoys.answer("::1", 8086, "web.demo", a -> a.startsWith("web")));
    }
  }

  private static boolean hasIpv6Loopback() throws IOException {
    return NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .anyMatch(a -> a instanceof Inet6Address && a.isLoopbackAddress());
  }
}
