package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A client of one network reaches each pod of a StatefulSet in another by the pod's own name: its
 * SNI leads through the east-west gateway. Real Envoys on both sides and between.
 */
class HeadlessPodTest {
  private static final String CLIENT = "127.75.1.100";
  private static final String GATEWAY = "127.75.2.250";
  private static final String PODS = "127.75.2.1";
  private static final String APPS = "127.175.2.1";
  private static final int CALLS = 20;

  private static final String MESH =
      """
      trustDomain: pods.example
      clusters:
      - {name: east, network: net-east, locality: r1/z1}
      - {name: west, network: net-west, locality: r2/z1}
      networks:
        net-west:
          gateways: [{address: 127.75.2.250, port: 15443}]
      """;
  private static final String DB =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: db, namespace: demo}
      spec:
        clusterIP: None
        selector: {app: db}
        ports:
        - {name: http, port: 8082, targetPort: 9082}
      ---
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

  @TempDir Path directory;

  @Test
  void eachPodIsReachedByItsName() throws Exception {
    Path mesh = directory.resolve("mesh");
    Files.createDirectories(mesh.resolve("east"));
    Files.createDirectories(mesh.resolve("west"));
    Files.writeString(mesh.resolve("mesh.yaml"), MESH);
    Files.writeString(mesh.resolve("east/all.yaml"), DB);
    Files.writeString(mesh.resolve("west/all.yaml"), DB + pod(0) + pod(1) + PASSTHROUGH);
    try (AttachedEnvoys attached = new AttachedEnvoys(directory, mesh)) {
      for (int pod = 0; pod < 2; pod++) {
        String name = "db-" + pod;
        attached.app(APPS + pod, 9082, exchange -> name);
        attached.envoy("west", "demo", "db", name, PODS + pod, "--app-address", APPS + pod);
      }
      attached.envoy(
          "west",
          "istio-system",
          "gateway",
          "gateway",
          GATEWAY,
          "--role",
          "router",
          "--labels",
          "istio=eastwestgateway");
      attached.envoy("east", "demo", "client", "client", CLIENT);

      for (int pod = 0; pod < 2; pod++) {
        String host = "db-" + pod + ".db.demo.svc.cluster.local";
        assertEquals("db-" + pod, eventually(host), host);
        for (int call = 0; call < CALLS; call++) {
          assertEquals(
              "db-" + pod, AttachedEnvoys.body(AttachedEnvoys.get(CLIENT, 8082, host)), host);
        }
      }
      assertTrue(eventually("db.demo").startsWith("db-"), "the service as a whole");
    }
  }

  private static String eventually(String host) {
    return AttachedEnvoys.answer(CLIENT, 8082, host, answer -> answer.startsWith("db-"));
  }

  private static String pod(int number) {
    return """
        apiVersion: v1
        kind: Pod
        metadata:
          name: db-%d
          namespace: demo
          labels: {app: db, security.istio.io/tlsMode: istio}
        spec: {serviceAccountName: db, hostname: db-%d, subdomain: db}
        status: {podIP: %s}
        ---
        """
        .formatted(number, number, PODS + number);
  }
}
