package io.portolan.registry.source.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.Change;
import io.portolan.registry.image.RegistryDelta;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.VirtualServiceObject;
import io.portolan.registry.model.VirtualServiceObject.Destination;
import io.portolan.registry.model.VirtualServiceObject.L4Match;
import io.portolan.registry.model.VirtualServiceObject.L4Route;
import io.portolan.registry.source.objects.Finding;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The {@code tls} and {@code tcp} routes of VirtualServices. */
class L4RoutesTest {
  private static final String HEAD =
      """
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: vs, namespace: istio-system}
      spec:
        hosts: HOSTS
        gateways: GATEWAYS
      """;

  @TempDir Path root = Path.of(".");

  private MeshDirectory.Scan scan(String hosts, String gateways, String routes) throws IOException {
    Files.writeString(root.resolve("mesh.yaml"), "clusters:\n- {name: c, network: n}\n");
    Files.createDirectories(root.resolve("c"));
    Files.writeString(
        root.resolve("c/vs.yaml"),
        HEAD.replace("HOSTS", hosts).replace("GATEWAYS", gateways) + routes.indent(2),
        StandardCharsets.UTF_8);
    return new MeshDirectory(root, () -> Instant.EPOCH, Duration.ZERO).scan();
  }

  @Test
  void routesKeepTheirMatchesAndTargets() throws IOException {
    MeshDirectory.Scan scan =
        scan(
            "[\"*\"]",
            "[cp]",
            """
            tls:
            - match:
              - {port: 15012, sniHosts: [a.example, "*.b.example"], gateways: [cp]}
              route:
              - destination: {host: istiod, port: {number: 15012}}
            tcp:
            - route:
              - {destination: {host: db.demo.svc.cluster.local, port: {number: 5432}}, weight: 90}
              - {destination: {host: db2.demo.svc.cluster.local, port: {number: 5432}}, weight: 10}
            """);
    assertEquals(List.of(), scan.findings());
    RegistryDelta delta = new RegistryDelta();
    scan.changes().forEach(delta::add);
    RegistryImage image = delta.apply(RegistryImage.empty()).after();
    assertTrue(image.clusters().containsKey("c"));
    VirtualServiceObject made =
        scan.changes().stream()
            .filter(Change.Put.class::isInstance)
            .map(c -> ((Change.Put) c).object())
            .filter(VirtualServiceObject.class::isInstance)
            .map(VirtualServiceObject.class::cast)
            .findFirst()
            .orElseThrow();
    assertEquals(
        List.of(
            new L4Route(
                List.of(
                    new L4Match(
                        List.of("a.example", "*.b.example"), 15012, List.of("istio-system/cp"))),
                List.of(new Destination("istiod.istio-system.svc.cluster.local", "", 15012, 100)))),
        made.tls());
    assertEquals(
        List.of(
            new L4Route(
                List.of(),
                List.of(
                    new Destination("db.demo.svc.cluster.local", "", 5432, 90),
                    new Destination("db2.demo.svc.cluster.local", "", 5432, 10)))),
        made.tcp());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          [cp]   | [a.example] | {sniHosts: [b.example]}   | ERROR   | b.example (expected a name that spec.hosts covers: [a.example])
          [cp]   | [a.example] | {port: 1}                 | ERROR   | is missing
          [cp]   | [a.example] | {sniHosts: [a.example], port: 70000} | ERROR | 70000 (expected 1..65535)
          [cp]   | ['*']       | {sniHosts: [x], sourceLabels: {a: b}} | WARNING | is not served by this version
          [mesh] | ['*']       | {sniHosts: [x]}           | WARNING | is served by gateways only, not by sidecars
          """)
  void findings(String gateways, String hosts, String match, String severity, String text)
      throws IOException {
    MeshDirectory.Scan scan =
        scan(
            hosts.replace('\'', '"'),
            gateways,
            "tls:\n- match:\n  - "
                + match
                + "\n  route:\n  - destination: {host: x, port: {number: 1}}\n");
    assertTrue(
        scan.findings().stream()
            .anyMatch(
                f -> f.severity() == Finding.Severity.valueOf(severity) && f.text().contains(text)),
        scan.findings().toString());
  }
}
