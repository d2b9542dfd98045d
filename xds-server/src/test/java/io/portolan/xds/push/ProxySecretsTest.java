package io.portolan.xds.push;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.store.CaDirectory;
import io.portolan.ca.trust.Fingerprint;
import io.portolan.xds.generate.secret.SecretGenerator;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import net.jqwik.api.Arbitraries;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProxySecretsTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final SpiffeId WEB = new SpiffeId("td.example", "demo", "web");
  private static final Duration DAY = Duration.ofDays(1);

  @TempDir Path data;
  private Instant now = START;
  private CaDirectory ca;
  private ProxySecrets secrets;
  private String prefix = "";

  @BeforeEach
  void open() throws Exception {
    ca = CaDirectory.open(data, data.resolve("ca"), "td.example", DAY, () -> now);
    secrets = new ProxySecrets(WEB, "east", ca, DAY, () -> now);
    secrets.issue();
    prefix =
        Fingerprint.of(WEB.uri().getBytes(StandardCharsets.UTF_8))
            + "."
            + ca.forCluster("east").fingerprint()
            + ".";
  }

  private boolean isCurrent(String version) {
    return secrets.isCurrent(SecretGenerator.WORKLOAD, version, "other");
  }

  @Test
  void aCertificateIsCurrentUntilHalfOfItsLifeIsOver() {
    String held = prefix + START.getEpochSecond() + "." + START.plus(DAY).getEpochSecond() + ".ab";
    assertTrue(isCurrent(held));
    now = START.plusSeconds(43_199);
    assertTrue(isCurrent(held));
    now = START.plusSeconds(43_200);
    assertFalse(isCurrent(held));
  }

  @Test
  void timesThatNoCertificateHasAreNotCurrent() {
    List<String> times =
        List.of(
            Long.toString(Long.MAX_VALUE),
            Long.toString(Long.MIN_VALUE),
            Long.toString(Instant.MAX.getEpochSecond()),
            Long.toString(Instant.MIN.getEpochSecond()),
            Long.toString(Instant.MAX.getEpochSecond() + 1),
            "99999999999999999999",
            "-1",
            "0",
            "",
            "x");
    for (String start : times) {
      for (String end : times) {
        String version = prefix + start + "." + end + ".ab";
        assertFalse(isCurrent(version), version);
      }
    }
  }

  @Test
  void anyTextOfAClientIsAnsweredWithoutAnException() {
    Arbitraries.strings()
        .withChars("0123456789.-x")
        .ofMaxLength(60)
        .sampleStream()
        .limit(2000)
        .forEach(text -> isCurrent(prefix + text));
  }

  @Test
  void otherRootsMakeTheSecretsDueAtOnce() throws Exception {
    Path other = data.resolve("other");
    var next = CaDirectory.open(other, other.resolve("ca"), "td.example", DAY, () -> now);
    assertTrue(secrets.renewAt().isAfter(now));
    java.util.Map<String, byte[]> files = new java.util.HashMap<>();
    for (String name : List.of("cert-chain.pem", "ca-cert.pem", "ca-key.pem")) {
      files.put(name, java.nio.file.Files.readAllBytes(data.resolve("ca").resolve(name)));
    }
    String both =
        new String(ca.trustBundle().pem(), StandardCharsets.US_ASCII)
            + new String(next.trustBundle().pem(), StandardCharsets.US_ASCII);
    files.put("root-cert.pem", both.getBytes(StandardCharsets.US_ASCII));
    assertTrue(ca.replace(files));
    assertFalse(secrets.renewAt().isAfter(now));
    secrets.issue();
    assertTrue(secrets.renewAt().isAfter(now));
  }
}
