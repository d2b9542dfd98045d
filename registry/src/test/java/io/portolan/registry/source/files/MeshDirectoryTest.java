package io.portolan.registry.source.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.change.Change;
import io.portolan.registry.image.RegistryDelta;
import io.portolan.registry.image.RegistryImage;
import io.portolan.registry.model.Health;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.PodObject;
import io.portolan.registry.source.objects.Finding;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MeshDirectoryTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata:
        name: NAME
        namespace: demo
        labels: {app: web, security.istio.io/tlsMode: istio}
      spec:
        serviceAccountName: web
      status:
        podIP: ADDR
        conditions:
        - {type: Ready, status: "READY"}
      """;
  private static final String SERVICE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: web, namespace: demo}
      spec:
        selector: {app: web}
        ports:
        - {name: http, port: 80, targetPort: 8080}
      """;

  @TempDir Path root = Path.of(".");
  private Instant now = START;
  private MeshDirectory directory = new MeshDirectory(root, () -> now, Duration.ofSeconds(2));
  private RegistryImage image = RegistryImage.empty();
  private List<Finding> findings = List.of();

  @BeforeEach
  void mesh() throws IOException {
    directory = new MeshDirectory(root, () -> now, Duration.ofSeconds(2));
    write("mesh.yaml", "clusters:\n- {name: east, network: n1, locality: r/z}\n");
    write("east/service.yaml", SERVICE);
    write(
        "east/pods.yaml",
        pod("web-1", "10.0.0.1", true) + "---\n" + pod("web-2", "10.0.0.2", true));
    scan();
  }

  private static String pod(String name, String ip, boolean ready) {
    return POD.replace("NAME", name).replace("ADDR", ip).replace("READY", ready ? "True" : "False");
  }

  /** Each write has its own modification time: now. */
  private void write(String name, String text) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text, StandardCharsets.UTF_8);
    Files.setLastModifiedTime(file, FileTime.from(now));
  }

  private void pass(Duration time) {
    now = now.plus(time);
  }

  private List<Change> scan() throws IOException {
    MeshDirectory.Scan scan = directory.scan();
    RegistryDelta delta = new RegistryDelta();
    scan.changes().forEach(delta::add);
    image = delta.apply(image).after();
    findings = scan.findings();
    return scan.changes();
  }

  private int endpoints() {
    return image.services().values().stream().mapToInt(s -> s.endpoints().size()).sum();
  }

  private String errors() {
    return String.join("\n", findings.stream().map(Finding::toString).toList());
  }

  @Test
  void readsServicesAndTheirPods() {
    assertEquals(2, endpoints(), errors());
    assertEquals(List.of(), findings);
    var endpoint = image.services().values().iterator().next().endpoints().getFirst();
    assertEquals("web", endpoint.serviceAccount());
    assertEquals("n1", endpoint.network());
    assertEquals(8080, endpoint.ports().get(80));
  }

  @Test
  void nothingChangedGivesNoChange() throws IOException {
    pass(Duration.ofSeconds(10));
    assertEquals(List.of(), scan());
  }

  @Test
  void garbageIsReportedAndTheLastGoodVersionStays() throws IOException {
    pass(Duration.ofSeconds(10));
    write("east/pods.yaml", "apiVersion: v1\nkind: [Pod\n  broken");
    assertEquals(List.of(), scan());
    assertEquals(2, endpoints());
    assertTrue(errors().startsWith("east/pods.yaml:"), errors());
    assertTrue(errors().contains("not YAML"), errors());
    pass(Duration.ofHours(1));
    scan();
    assertEquals(2, endpoints(), "time does not make garbage right");
  }

  @Test
  void aTruncatedFileTakesNothingAway() throws IOException {
    String whole = pod("web-1", "10.0.0.1", true) + "---\n" + pod("web-2", "10.0.0.2", true);
    for (int length = 0; length < whole.length(); length++) {
      pass(Duration.ofSeconds(10));
      write("east/pods.yaml", whole.substring(0, length));
      scan();
      assertEquals(2, endpoints(), "cut after " + length + " characters");
      write("east/pods.yaml", whole);
      scan();
      assertEquals(2, endpoints());
    }
  }

  @Test
  void objectsThatStayAwayGoAfterTheGracePeriod() throws IOException {
    pass(Duration.ofSeconds(10));
    write("east/pods.yaml", pod("web-1", "10.0.0.1", true));
    scan();
    assertEquals(2, endpoints());
    pass(Duration.ofSeconds(3));
    scan();
    assertEquals(1, endpoints());
  }

  @Test
  void oneBadObjectDoesNotTakeItsNeighboursWithIt() throws IOException {
    pass(Duration.ofSeconds(10));
    write("east/service.yaml", SERVICE.replace("port: 80,", "port: 70000,"));
    scan();
    assertEquals(2, endpoints(), "its last good version stays");
    assertTrue(
        errors()
            .contains(
                "east/service.yaml:7: error: Service demo/web: spec.ports[0].port: 70000 (expected"
                    + " 1..65535)"),
        errors());
  }

  @Test
  void readinessIsFollowed() throws IOException {
    pass(Duration.ofSeconds(10));
    write(
        "east/pods.yaml",
        pod("web-1", "10.0.0.1", false) + "---\n" + pod("web-2", "10.0.0.2", true));
    scan();
    assertEquals(
        List.of(Health.UNHEALTHY, Health.HEALTHY),
        image
            .all(Kind.POD)
            .map(PodObject.class::cast)
            .sorted((a, b) -> a.ref().compareTo(b.ref()))
            .map(PodObject::health)
            .toList());
  }

  @Test
  void unknownKindsAndFieldsAreNamedWithTheirLine() throws IOException {
    pass(Duration.ofSeconds(10));
    write(
        "east/more.yaml",
        """
        apiVersion: example.com/v1
        kind: Gadget
        metadata: {name: x}
        ---
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web, namespace: demo}
        spec:
          host: web
          trafficPolicy:
            outlierDetecton:
              interval: 1s
        """);
    scan();
    assertTrue(
        errors().contains("east/more.yaml:2: warning: kind: example.com/v1 Gadget")
            || errors().contains("east/more.yaml:1: warning: kind: example.com/v1 Gadget"),
        errors());
    assertTrue(
        errors()
            .contains(
                "east/more.yaml:11: warning: DestinationRule demo/web:"
                    + " spec.trafficPolicy.outlierDetecton: unknown field, did you mean"
                    + " outlierDetection?"),
        errors());
  }

  @Test
  void aBrokenMeshFileKeepsTheLastGoodSettings() throws IOException {
    pass(Duration.ofSeconds(10));
    write("mesh.yaml", "clusters: 7\n");
    scan();
    assertEquals("n1", image.settings().clusters().get("east").network());
    assertTrue(errors().contains("mesh.yaml:1: error: clusters: is not a list"), errors());
  }

  @Test
  void twoFilesWithOneObjectServeTheFirstInOrderOfPath() throws IOException {
    pass(Duration.ofSeconds(10));
    write("east/a.yaml", pod("web-1", "10.0.0.9", true));
    scan();
    assertTrue(errors().contains("is defined already in east/a.yaml:1"), errors());
    assertEquals(
        1, image.all(Kind.POD).filter(o -> o.origin().source().equals("east/a.yaml")).count());
    Files.delete(root.resolve("east/a.yaml"));
    scan();
    assertEquals(2, endpoints());
    assertEquals(
        0, image.all(Kind.POD).filter(o -> o.origin().source().equals("east/a.yaml")).count());
  }

  @Test
  void anyEditsEndWhereAFreshLoadEnds() throws IOException {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      texts.add(pod("web-" + i, "10.0.0." + i, i % 2 == 0));
    }
    for (int round = 0; round < texts.size(); round++) {
      pass(Duration.ofSeconds(10));
      write("east/pods.yaml", String.join("---\n", texts.subList(0, round + 1)));
      write("east/extra-" + round + ".yaml", texts.get(texts.size() - 1 - round));
      scan();
    }
    pass(Duration.ofSeconds(10));
    scan();
    RegistryDelta fresh = new RegistryDelta();
    new MeshDirectory(root, () -> now, Duration.ZERO).scan().changes().forEach(fresh::add);
    assertTrue(fresh.apply(RegistryImage.empty()).after().sameContent(image));
  }
}
