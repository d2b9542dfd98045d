package io.portolan.lab;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Steps that look at the Envoys themselves. */
final class ProxySteps {
  private static final Duration REFUSAL = Duration.ofSeconds(15);
  private static final String CLOSED = "gRPC config stream to xds closed: ";

  /** PERMISSION_DENIED and UNAUTHENTICATED. */
  private static final List<String> REFUSALS = List.of("7, ", "16, ");

  private final Lab lab;
  private final Verdicts verdicts;

  ProxySteps(Lab lab, Verdicts verdicts) {
    this.lab = lab;
    this.verdicts = verdicts;
  }

  /** Connections that went through an east-west gateway, from its own counters. */
  void gateway(Scenario.Step step) throws IOException {
    Workloads.Envoy gateway = lab.workloads().envoy(step.get("name", ""));
    long connections = gateway.stat("tcp.passthrough", "downstream_cx_total");
    long bytes = gateway.stat("tcp.passthrough", "downstream_cx_tx_bytes_total");
    verdicts.verdict(
        connections > 0 && bytes > 0,
        "gateway "
            + gateway.name()
            + " passed "
            + connections
            + " mutual TLS connections, "
            + bytes
            + " bytes back to clients");
  }

  /**
   * The proxies of a cluster reach their control plane through a gateway, and hold certificates of
   * the shared root.
   */
  void enrolled(Scenario.Step step) throws IOException {
    String cluster = step.get("cluster", "");
    List<Workloads.Envoy> own =
        lab.workloads().envoys().values().stream()
            .filter(e -> e.cluster().equals(cluster))
            .toList();
    Workloads.Envoy gateway = lab.workloads().envoy(step.get("through", ""));
    long streams = gateway.stat("cluster.outbound|15012|", ".upstream_cx_active");
    verdicts.verdict(
        !own.isEmpty() && streams >= own.size(),
        own.size()
            + " proxies of "
            + cluster
            + " reach the control plane through "
            + gateway.name()
            + ":15012, which holds "
            + streams
            + " such connections");
    BigInteger root = rootSerial();
    // An east-west gateway passes TLS through: it asks for no certificate.
    List<Workloads.Envoy> sidecars =
        own.stream().filter(e -> e.bootstrap().role().equals("sidecar")).toList();
    Set<String> identities = new TreeSet<>();
    int good = 0;
    for (Workloads.Envoy one : sidecars) {
      boolean trusts = false;
      String identity = "";
      for (JsonNode certificate : one.admin().json("/certs").path("certificates")) {
        for (JsonNode ca : certificate.path("ca_cert")) {
          trusts |= new BigInteger(ca.path("serial_number").asText("0"), 16).equals(root);
        }
        for (JsonNode leaf : certificate.path("cert_chain")) {
          for (JsonNode name : leaf.path("subject_alt_names")) {
            identity = name.path("uri").asText(identity);
          }
        }
      }
      good += trusts && identity.startsWith("spiffe://") ? 1 : 0;
      identities.add(identity);
    }
    verdicts.verdict(
        good == sidecars.size(),
        good
            + " of "
            + sidecars.size()
            + " sidecars there hold a certificate of their own and trust the shared root (serial "
            + root.toString(16)
            + ")");
    identities.forEach(verdicts::note);
  }

  private BigInteger rootSerial() throws IOException {
    try (InputStream file = Files.newInputStream(lab.controlPlanes().root())) {
      return ((X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(file))
          .getSerialNumber();
    } catch (CertificateException e) {
      throw new IOException(lab.controlPlanes().root() + ": " + e.getMessage(), e);
    }
  }

  /** As many proxies of a cluster have a stream as expected, and got as many bytes over it. */
  void connected(Scenario.Step step) {
    String cluster = step.get("cluster", "");
    int expected = Integer.parseInt(step.get("count", "0"));
    long from = System.nanoTime();
    boolean happened =
        Wait.happens(
            Duration.ofSeconds(Long.parseLong(step.get("within", "30"))),
            () -> streams(cluster).size() == expected);
    double seconds = (System.nanoTime() - from) / 1e9;
    Verdicts.pause(Duration.ofSeconds(1));
    List<ControlPlanes.ProxyStream> streams = streams(cluster);
    String bytes = step.get("bytes", "");
    long sent = streams.stream().mapToLong(ControlPlanes.ProxyStream::bytes).sum();
    verdicts.verdict(
        happened && (bytes.isEmpty() || sent == Long.parseLong(bytes)),
        (expected == 0
                ? "no proxy of " + cluster + " has a stream to a control plane"
                : streams.size() + " proxies of " + cluster + " have a stream again")
            + String.format(java.util.Locale.ROOT, " after %.1f s", seconds)
            + (bytes.isEmpty() ? "" : " and were sent " + sent + " bytes of resources"));
  }

  private List<ControlPlanes.ProxyStream> streams(String cluster) {
    return lab.controlPlanes().streams().values().stream()
        .filter(s -> s.cluster().equals(cluster))
        .toList();
  }

  /** A proxy that shows the token of another cluster is turned away, and told why. */
  void refused(Scenario.Step step) throws IOException {
    String cluster = step.get("cluster", "");
    // A join token names its cluster; a service account's is shown to the API server of the claimed
    // one, which has not made it.
    String expected =
        lab.kubernetes() == null
            ? "its credential is for '" + step.get("token", "") + "'"
            : "the API server of cluster '" + cluster + "' does not accept the token";
    Workloads.Envoy impostor =
        lab.workloads()
            .startImpostor(
                step.get("address", ""),
                cluster,
                step.get("token", ""),
                lab.scenario().xdsOf(cluster));
    try {
      String[] told = {""};
      Wait.happens(
          REFUSAL,
          () -> {
            told[0] = refusal(impostor);
            return !told[0].isEmpty();
          });
      boolean listed = lab.controlPlanes().streams().containsKey(impostor.name());
      verdicts.verdict(
          told[0].contains(expected) && !listed,
          told[0].isEmpty()
              ? "a proxy with a token of " + step.get("token", "") + " was NOT refused"
              : "a proxy of "
                  + cluster
                  + " with a token of another cluster is refused: "
                  + told[0]);
    } finally {
      lab.processes().remove(impostor.process());
    }
  }

  private static String refusal(Workloads.Envoy impostor) {
    try {
      for (String line : Files.readAllLines(impostor.process().log(), StandardCharsets.UTF_8)) {
        for (String code : REFUSALS) {
          int at = line.indexOf(CLOSED + code);
          if (at >= 0) {
            return line.substring(at + CLOSED.length() + code.length())
                .replace("{via_upstream}", "");
          }
        }
      }
      return "";
    } catch (IOException e) {
      return "";
    }
  }

  /** No Envoy has refused anything. */
  void rejected() throws IOException {
    long sum = 0;
    for (Workloads.Envoy one : lab.workloads().envoys().values()) {
      sum += one.stat("update_rejected", "update_rejected");
    }
    verdicts.verdict(
        sum == 0, "update_rejected over " + lab.workloads().envoys().size() + " Envoys: " + sum);
  }
}
