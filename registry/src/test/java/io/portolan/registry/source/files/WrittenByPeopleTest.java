package io.portolan.registry.source.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.Change;
import io.portolan.registry.model.DestinationRuleObject;
import io.portolan.registry.model.TrafficPolicy;
import io.portolan.registry.source.objects.Finding;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Objects as people write them for several clusters: applied as they are, or with a warning that
 * names the field and the right place. What is not warned about is applied.
 */
class WrittenByPeopleTest {
  @TempDir Path root = Path.of(".");

  private MeshDirectory.Scan scan(String yaml) throws IOException {
    Files.writeString(root.resolve("mesh.yaml"), "clusters:\n- {name: c, network: n}\n");
    Files.createDirectories(root.resolve("c"));
    Files.writeString(root.resolve("c/all.yaml"), yaml, StandardCharsets.UTF_8);
    return new MeshDirectory(root, () -> Instant.EPOCH, Duration.ZERO).scan();
  }

  /** What is written, and the findings as {@code severity field: part of the message}. */
  private record Row(String what, String yaml, String... findings) {}

  private static final List<Row> ROWS =
      List.of(
          new Row(
              "a service of another network by its name there",
              """
              apiVersion: networking.istio.io/v1beta1
              kind: ServiceEntry
              metadata: {name: pay, namespace: shop}
              spec:
                hosts: [pay.shop.global]
                location: MESH_EXTERNAL
                ports: [{number: 80, name: web, protocol: HTTP}]
                resolution: DNS
                addresses: [240.0.0.7]
                endpoints:
                - address: pay.shop.svc.cluster.local
                  network: net-two
                  ports: {web: 80}
              """),
          new Row(
              "a machine of another network",
              """
              apiVersion: networking.istio.io/v1beta1
              kind: WorkloadEntry
              metadata: {name: machine, namespace: shop}
              spec:
                address: 198.51.100.4
                ports: {web: 8080}
                labels: {app: pay, version: v2}
                network: net-two
                serviceAccount: pay
              """),
          new Row(
              "old names of ejection settings",
              """
              apiVersion: networking.istio.io/v1beta1
              kind: DestinationRule
              metadata: {name: pay, namespace: shop}
              spec:
                host: pay.shop.global
                trafficPolicy:
                  tls: {mode: ISTIO_MUTUAL}
                  connectionPool:
                    tcp: {maxConnections: 10}
                    http: {http1MaxPendingRequests: 20, maxRequestsPerConnection: 5}
                  circuitBreaker: {consecutiveErrors: 4, interval: 10s}
                subsets:
                - {name: here, labels: {cluster: one}}
                - {name: there, labels: {cluster: two}}
              """,
              "WARNING spec.trafficPolicy.circuitBreaker: outlierDetection.consecutive5xxErrors"),
          new Row(
              "shares by zone, then another region",
              """
              apiVersion: networking.istio.io/v1beta1
              kind: DestinationRule
              metadata: {name: pay}
              spec:
                host: pay
                trafficPolicy:
                  outlierDetection: {consecutiveErrors: 4, interval: 10s, baseEjectionTime: 20s}
                  loadBalancer:
                    localityLbSetting:
                      enabled: true
                      distribute:
                      - from: eu/eu-1/*
                        to: {"eu/eu-1/*": 90, "eu/eu-2/*": 10}
                      failover: [{from: eu, to: us}]
              """,
              "WARNING spec.trafficPolicy.outlierDetection.consecutiveErrors:"
                  + " outlierDetection.consecutive5xxErrors"),
          new Row(
              "locality settings beside the load balancer",
              """
              apiVersion: networking.istio.io/v1beta1
              kind: DestinationRule
              metadata: {name: pay}
              spec:
                host: pay
                trafficPolicy:
                  localityLbSetting: {enabled: true}
              """,
              "WARNING spec.trafficPolicy.localityLbSetting: loadBalancer.localityLbSetting"),
          new Row(
              "pool settings in the wrong block",
              """
              apiVersion: networking.istio.io/v1beta1
              kind: DestinationRule
              metadata: {name: pay}
              spec:
                host: pay
                trafficPolicy:
                  connectionPool:
                    tcp:
                      maxConnections: 5
                      connectTimeout: 3s
                      keepAlive: {time: 600s}
                    http:
                      http2MaxRequests: 9
                      maxRetries: 2
                      consecutiveGatewayErrors: 5
                      interval: 10s
                      baseEjectionTime: 20s
              """,
              "WARNING spec.trafficPolicy.connectionPool.http.baseEjectionTime:"
                  + " trafficPolicy.outlierDetection.baseEjectionTime",
              "WARNING spec.trafficPolicy.connectionPool.http.consecutiveGatewayErrors:"
                  + " trafficPolicy.outlierDetection.consecutiveGatewayErrors",
              "WARNING spec.trafficPolicy.connectionPool.http.interval:"
                  + " trafficPolicy.outlierDetection.interval",
              "WARNING spec.trafficPolicy.connectionPool.tcp.keepAlive: tcpKeepalive"),
          new Row(
              "a canary by header and by weight",
              """
              apiVersion: networking.istio.io/v1beta1
              kind: VirtualService
              metadata: {name: shop}
              spec:
                hosts: [shop]
                http:
                - match: [{headers: {preview: {exact: "yes"}}}]
                  route: [{destination: {host: shop, subset: two}, weight: 100}]
                - route:
                  - {destination: {host: shop, subset: one}, weight: 95}
                  - {destination: {host: shop, subset: two}, weight: 5}
              """),
          new Row(
              "a service behind a cloud balancer",
              """
              apiVersion: v1
              kind: Service
              metadata:
                name: db
                annotations: {service.beta.kubernetes.io/aws-load-balancer-type: nlb}
              spec:
                type: LoadBalancer
                ports: [{port: 5432, targetPort: 5432}]
                selector: {app: db}
              """),
          new Row(
              "CA files that are cut short",
              """
              apiVersion: v1
              kind: Secret
              metadata: {name: cacerts, namespace: istio-system}
              type: Opaque
              data:
                root-cert.pem: LS0t...
                cert-chain.pem: LS0t...
                ca-cert.pem: LS0t...
              """,
              "ERROR data.ca-key.pem: is missing"),
          new Row(
              "what is for others",
              """
              apiVersion: argoproj.io/v1alpha1
              kind: Rollout
              metadata: {name: shop}
              spec: {replicas: 3}
              """,
              "WARNING kind: not a kind this version reads"));

  @TestFactory
  List<DynamicTest> findings() {
    return ROWS.stream()
        .map(
            row ->
                DynamicTest.dynamicTest(
                    row.what,
                    () -> {
                      List<Finding> found =
                          scan(row.yaml).findings().stream()
                              .filter(f -> f.severity() != Finding.Severity.INFO)
                              .sorted(java.util.Comparator.comparing(Finding::field))
                              .toList();
                      assertEquals(row.findings.length, found.size(), found.toString());
                      for (int i = 0; i < row.findings.length; i++) {
                        String[] parts = row.findings[i].split(": ", 2);
                        Finding finding = found.get(i);
                        assertEquals(parts[0], finding.severity() + " " + finding.field());
                        assertTrue(finding.message().contains(parts[1]), finding.message());
                        assertTrue(finding.line() > 0, finding.toString());
                      }
                    }))
        .toList();
  }

  @Test
  void theRestOfAWrittenObjectIsApplied() throws IOException {
    TrafficPolicy pools = rule(5);
    assertEquals(5, pools.connectionPool().maxConnections());
    assertEquals(Duration.ofSeconds(3), pools.connectionPool().connectTimeout());
    assertEquals(9, pools.connectionPool().http2MaxRequests());
    assertEquals(null, pools.outlierDetection());
    TrafficPolicy shares = rule(3);
    assertEquals(4, shares.outlierDetection().consecutive5xxErrors());
    assertEquals(1, shares.loadBalancer().locality().distribute().size());
  }

  private TrafficPolicy rule(int row) throws IOException {
    return scan(ROWS.get(row).yaml).changes().stream()
        .filter(c -> c instanceof Change.Put put && put.object() instanceof DestinationRuleObject)
        .map(c -> ((DestinationRuleObject) ((Change.Put) c).object()).policy())
        .findFirst()
        .orElseThrow();
  }
}
