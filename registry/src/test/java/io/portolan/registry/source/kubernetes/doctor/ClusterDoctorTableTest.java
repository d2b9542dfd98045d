package io.portolan.registry.source.kubernetes.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.source.kubernetes.TestTls;
import io.portolan.registry.source.kubernetes.membership.ReaderRole;
import io.portolan.registry.source.kubernetes.membership.ReaderRole.Permission;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClusterDoctorTableTest {
  private static final Instant NOW = Instant.parse("2027-01-01T00:00:00Z");

  /** One row: a check, its answer, how bad that is, and a word that must be there. */
  private record Row(Diagnosis diagnosis, Diagnosis.Severity severity, String word) {}

  @Test
  void table() throws Exception {
    var ok = Diagnosis.Severity.OK;
    var warning = Diagnosis.Severity.WARNING;
    var error = Diagnosis.Severity.ERROR;
    var skipped = Diagnosis.Severity.SKIPPED;
    var leaf = TestTls.server();
    Instant begin = leaf.getNotBefore().toInstant();
    Instant end = leaf.getNotAfter().toInstant();
    List<Row> rows =
        List.of(
            new Row(ClusterDoctor.names(leaf, "api.internal"), ok, "api.internal"),
            new Row(ClusterDoctor.names(leaf, "API.internal"), ok, "API.internal"),
            new Row(ClusterDoctor.names(leaf, "10.0.0.9"), ok, "10.0.0.9"),
            new Row(ClusterDoctor.names(leaf, "a.wild.internal"), ok, "a.wild"),
            new Row(ClusterDoctor.names(leaf, "a.b.wild.internal"), error, "not for a.b"),
            new Row(ClusterDoctor.names(leaf, "wild.internal"), error, "tls-server-name"),
            new Row(ClusterDoctor.names(leaf, "127.0.0.1"), error, "api.internal"),
            new Row(ClusterDoctor.validity(leaf, begin.plusSeconds(1)), ok, "valid until"),
            new Row(ClusterDoctor.validity(leaf, begin.minusSeconds(5400)), error, "clocks"),
            new Row(ClusterDoctor.validity(leaf, end.minusSeconds(5400)), warning, "90 min"),
            new Row(ClusterDoctor.validity(leaf, end.plusSeconds(1)), error, "expired on"),
            new Row(ClusterDoctor.credential("token", null, NOW), ok, "without an end"),
            new Row(ClusterDoctor.credential("token", in(90), NOW), ok, "90 days"),
            new Row(ClusterDoctor.credential("token", in(29), NOW), warning, "cluster add"),
            new Row(ClusterDoctor.credential("token", in(-1), NOW), error, "expired on 2026-12-31"),
            new Row(ClusterDoctor.version("v1.36.3"), ok, "v1.36.3"),
            new Row(ClusterDoctor.version("v1.30.1-gke.5"), ok, "v1.30.1"),
            new Row(ClusterDoctor.version("v1.19.0"), warning, "older"),
            new Row(ClusterDoctor.version("v2.0.0"), ok, "v2"),
            new Row(ClusterDoctor.version("nginx"), warning, "no version"),
            new Row(ClusterDoctor.clock(null, NOW), skipped, "no time"),
            new Row(ClusterDoctor.clock(NOW.plusSeconds(1), NOW), ok, "right"),
            new Row(ClusterDoctor.clock(NOW.minusSeconds(30), NOW), warning, "30 s behind"),
            new Row(ClusterDoctor.clock(NOW.plusSeconds(600), NOW), error, "10 min ahead"),
            new Row(ClusterDoctor.secrets(null), skipped, "cannot"),
            new Row(ClusterDoctor.secrets(false), ok, "may not"),
            new Row(ClusterDoctor.secrets(true), warning, "every Secret"),
            new Row(ClusterDoctor.permissions(Map.of(), "401"), error, "401"),
            new Row(ClusterDoctor.permissions(rights(true), ""), ok, "all 11"),
            new Row(
                ClusterDoctor.permissions(rights(false), ""),
                error,
                "list endpointslices.discovery.k8s.io"));
    for (Row row : rows) {
      String all = row.diagnosis().toString();
      assertEquals(row.severity(), row.diagnosis().severity(), all);
      assertTrue(all.contains(row.word()), all);
      boolean needsRemedy = row.severity() == error || row.severity() == warning;
      assertEquals(needsRemedy, !row.diagnosis().remedy().isEmpty(), all);
    }
  }

  private static Instant in(int days) {
    return NOW.plus(Duration.ofDays(days));
  }

  private static Map<Permission, Boolean> rights(boolean all) {
    Map<Permission, Boolean> allowed = new LinkedHashMap<>();
    ReaderRole.permissions(false)
        .forEach(p -> allowed.put(p, all || !p.resource().equals("endpointslices")));
    return allowed;
  }

  @Test
  void anUnreachableClusterIsOneErrorAndTheRestIsSkipped() throws Exception {
    List<Diagnosis> all = ClusterDoctor.examine(answers("no answer in time", "", false, List.of()));
    assertEquals(1, all.stream().filter(d -> d.severity() == Diagnosis.Severity.ERROR).count());
    assertTrue(all.stream().anyMatch(d -> d.severity() == Diagnosis.Severity.SKIPPED));
    assertTrue(all.getFirst().text().contains("no answer in time"));
  }

  @Test
  void gateways() throws Exception {
    var up = new Answers.Reached(true, "answered the hello");
    var down = new Answers.Reached(false, "no TCP connection in 3000 ms");
    List<Diagnosis> all =
        ClusterDoctor.examine(
            answers(
                "",
                "n1",
                false,
                List.of(
                    new Answers.Gateway("ns/a", "n1", Map.of("10.0.0.1:15443", up)),
                    new Answers.Gateway("ns/b", "n2", Map.of("10.0.0.2:15443", down)),
                    new Answers.Gateway("ns/c", "n1", Map.of()))));
    String text = all.toString();
    assertTrue(text.contains("ns/a 10.0.0.1:15443 answered the hello"), text);
    assertTrue(text.contains("ns/b serves network n2, the cluster is in n1"), text);
    assertTrue(text.contains("ns/b 10.0.0.2:15443: no TCP connection"), text);
    assertTrue(text.contains("ns/c has no address"), text);
    assertFalse(text.contains("names no network"), text);
    String missing = ClusterDoctor.examine(answers("", "", true, List.of())).toString();
    assertTrue(missing.contains("there is no namespace istio-system"), missing);
    assertTrue(missing.contains("no Service with the label"), missing);
  }

  private static Answers answers(
      String failure, String network, boolean rootMissing, List<Answers.Gateway> gateways)
      throws Exception {
    return new Answers(
        "https://api.internal:6443",
        "api.internal",
        failure,
        List.of(TestTls.server()),
        List.of(TestTls.server()),
        "token",
        null,
        "v1.36.3",
        NOW,
        NOW,
        rights(true),
        false,
        "istio-system",
        network,
        rootMissing,
        gateways,
        "",
        "");
  }

  /** Least rights: what the role may do, and that no Secret and no write is among it. */
  @Test
  void theReaderReadsAndNothingElse() {
    for (Permission permission : ReaderRole.permissions(true)) {
      assertFalse(permission.resource().equals("secrets"));
      assertTrue(
          List.of("list", "watch").contains(permission.verb())
              || permission.resource().equals("tokenreviews"),
          permission.toString());
    }
  }
}
