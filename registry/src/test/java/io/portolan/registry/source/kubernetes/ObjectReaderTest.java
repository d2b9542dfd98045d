package io.portolan.registry.source.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.model.Kind;
import io.portolan.registry.model.PodObject;
import io.portolan.registry.model.ServiceObject;
import io.portolan.registry.source.objects.Finding;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ObjectReaderTest {
  private static final ReaderSettings SETTINGS = ReaderSettings.of("istio-system", "cluster.local");

  private final Interner interner = new Interner(100);

  private ObjectReader.Reading read(Kind kind, String json) {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    return new ObjectReader("east", ApiResource.of(kind), SETTINGS, interner)
        .item(bytes, bytes.length, bytes.length, 0);
  }

  private static String pod(String metadata, String rest) {
    return "{\"metadata\":{\"name\":\"a\",\"namespace\":\"shop\"" + metadata + "}" + rest + "}";
  }

  private void rejected(String json, String reason) {
    ObjectReader.Reading reading = read(Kind.POD, json);
    assertTrue(reading.object().isEmpty(), json);
    assertEquals("a", reading.ref().orElseThrow().name());
    Finding finding = reading.findings().getFirst();
    assertEquals(Finding.Severity.ERROR, finding.severity());
    assertEquals("/api/v1/namespaces/shop/pods/a", finding.file());
    assertTrue(finding.text().contains(reason), finding.text());
  }

  @Test
  void whatIsNotAnObjectOfTheKindIsRejectedByName() {
    rejected(pod("", ",\"spec\":{\"nodeName\":NaN}"), "NaN");
    rejected(pod("", ",\"spec\":[]"), "spec: is not an object");
    rejected(pod("", ",\"spec\":{\"nodeName\":{}}"), "spec.nodeName: is not a string");
    rejected(pod("", ",\"spec\":{},\"spec\":{}"), "spec: occurs twice");
    rejected(pod("", ",\"status\":{\"podIPs\":\"10.0.0.1\"}"), "status.podIPs: is not a list");
    rejected(pod("", ",\"kind\":\"Secret\""), "kind: Secret (expected Pod)");
    rejected(pod("", ",\"spec\":{\"nodeName\":\"n"), "its last good version stays");
    rejected(
        pod("", ",\"spec\":{\"containers\":[{\"ports\":[{\"containerPort\":70000}]}]}"),
        "70000 (expected 1..65535)");
    rejected(
        pod("", ",\"spec\":{\"nodeName\":" + "[".repeat(10_000) + "]".repeat(10_000) + "}"),
        "depth");
    rejected(pod("", ",\"spec\":{\"nodeName\":\"" + "x".repeat(1_500_000) + "\"}"), "length");
  }

  @Test
  void whatIsTooLargeIsRejectedByName() {
    byte[] bytes = pod(",\"x\":\"" + "y".repeat(1000), "").getBytes(StandardCharsets.UTF_8);
    ObjectReader.Reading reading =
        new ObjectReader("east", ApiResource.of(Kind.POD), SETTINGS, interner)
            .item(bytes, 500, 3_000_000, 0);
    assertEquals("a", reading.ref().orElseThrow().name());
    assertTrue(
        reading.findings().getFirst().message().startsWith("3000000 bytes (expected at most"));
  }

  @Test
  void whatCannotBeNamedIsToldApart() {
    for (String json : new String[] {"", "[]", "{}", "{\"metadata\":{}}", "{\"metadata\":NaN}"}) {
      ObjectReader.Reading reading = read(Kind.POD, json);
      assertTrue(reading.ref().isEmpty(), json);
      assertEquals("/api/v1/pods", reading.findings().getFirst().file());
    }
  }

  @Test
  void fieldsOfBuiltInKindsThatNobodyKnowsAreNoFindings() {
    ObjectReader.Reading reading =
        read(
            Kind.SERVICE,
            "{\"metadata\":{\"name\":\"s\",\"namespace\":\"shop\",\"annotations\":{"
                + "\"kubectl.kubernetes.io/last-applied-configuration\":\"{}\","
                + "\"networking.istio.io/exportTo\":\".\"}},"
                + "\"spec\":{\"clusterIP\":\"10.96.0.9\",\"newField\":1,"
                + "\"internalTrafficPolicy\":\"Cluster\",\"sessionAffinity\":\"None\","
                + "\"ports\":[{\"port\":80,\"protocol\":\"TCP\",\"newer\":true}]},"
                + "\"status\":{\"loadBalancer\":{}}}");
    assertEquals(0, reading.findings().size(), reading.findings().toString());
    ServiceObject service = (ServiceObject) reading.object().orElseThrow();
    assertEquals(Map.of("networking.istio.io/exportTo", "."), service.annotations());
    assertEquals("/api/v1/namespaces/shop/services/s", service.origin().source());
    assertEquals(0, service.origin().line());
  }

  @Test
  void thousandsOfFindingsAreSomeFindings() {
    StringBuilder fields = new StringBuilder();
    for (int i = 0; i < 3000; i++) {
      fields.append(",\"f").append(i).append("\":1");
    }
    ObjectReader.Reading reading =
        read(
            Kind.GATEWAY,
            "{\"apiVersion\":\"networking.istio.io/v1\",\"kind\":\"Gateway\",\"metadata\":{"
                + "\"name\":\"g\",\"namespace\":\"shop\"},\"spec\":{\"selector\":{}"
                + fields
                + "}}");
    assertEquals(21, reading.findings().size());
    assertEquals("and 2980 more", reading.findings().getLast().message());
  }

  @Test
  void podsOfOneWorkloadShareWhatIsEqual() {
    String spec =
        ",\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"ports\":[{\"name\":\"http\","
            + "\"containerPort\":80}]}]}";
    String labels = ",\"labels\":{\"app\":\"web\",\"pod-template-hash\":\"1\"}";
    PodObject one = (PodObject) read(Kind.POD, pod(labels, spec)).object().orElseThrow();
    PodObject two = (PodObject) read(Kind.POD, pod(labels, spec)).object().orElseThrow();
    assertEquals(one, two);
    assertSame(one.labels(), two.labels());
    assertSame(one.ports(), two.ports());
    assertSame(one.node(), two.node());
    assertSame(one.origin(), two.origin());
    assertEquals("/api/v1/namespaces/shop/pods", one.origin().source());
    assertSame(one.ref().namespace(), two.ref().namespace());
    for (int i = 0; i < 10_000; i++) {
      interner.one("value " + i);
    }
    assertTrue(interner.size() <= 200, "bounded");
  }
}
