package io.portolan.it.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.portolan.ca.authn.JoinIdentity;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.cli.AdminClient;
import io.portolan.install.Chart;
import io.portolan.it.Workspace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The processes of the rendered pods, run here with the arguments, mesh settings and bootstrap that
 * the chart gives them: they join each other and open exactly the ports that the pods declare.
 */
class PodsTest {
  private static final String CONTROL_PLANE = "127.74.0.1";
  private static final String GATEWAY = "127.74.0.2";
  private static final String CLUSTER = "Kubernetes";

  @TempDir Path directory;
  private final List<AutoCloseable> running = new ArrayList<>();

  @AfterEach
  void end() throws Exception {
    for (AutoCloseable each : running.reversed()) {
      each.close();
    }
  }

  @Test
  void openExactlyTheDeclaredPorts() throws Exception {
    Chart chart = Chart.packaged();
    Map<String, JsonNode> objects =
        Objects.byLabel(
            chart.render(
                chart.settings(
                    List.of("gateways.eastwest.enabled=true", "global.network=network1")),
                "istio-system"));
    JsonNode controlPlane = container(objects, "istiod");
    Process program = program(objects, controlPlane);
    until(
        () -> new AdminClient(CONTROL_PLANE + ":15014").text("/ready").status() == 200,
        "the control plane is ready");
    assertEquals(
        Objects.ports(controlPlane.path("ports"), "containerPort"),
        Sockets.listening(program.pid()));

    JsonNode gateway = container(objects, "istio-eastwestgateway");
    Process envoy = envoy(objects, gateway);
    Set<Integer> declared = Objects.ports(gateway.path("ports"), "containerPort");
    Set<Integer> withAdmin = new TreeSet<>(declared);
    // Envoy's admin page stays on loopback, where no policy reaches.
    withAdmin.add(15000);
    until(() -> Sockets.listening(envoy.pid()).equals(withAdmin), "the gateway has all listeners");
    assertEquals(200, new AdminClient(GATEWAY + ":15021").text("/healthz/ready").status());
    // A remote proxy sees the control plane's own certificate through the gateway.
    assertTrue(
        names(GATEWAY, 15012).contains("istiod.istio-system.svc"), "the control plane's names");
  }

  private static JsonNode container(Map<String, JsonNode> objects, String deployment) {
    return objects
        .get("Deployment istio-system/" + deployment)
        .path("spec")
        .path("template")
        .path("spec")
        .path("containers")
        .path(0);
  }

  private Process program(Map<String, JsonNode> objects, JsonNode container) throws IOException {
    Path mesh = Files.createDirectories(directory.resolve("mesh").resolve(CLUSTER)).getParent();
    Files.writeString(
        mesh.resolve("mesh.yaml"),
        objects.get("ConfigMap istio-system/istio").path("data").path("mesh").asText());
    Files.writeString(
        mesh.resolve(CLUSTER).resolve("gateway.yaml"),
        objects.get("Gateway istio-system/cross-network-gateway").toString());
    List<String> command = new ArrayList<>();
    command.add(Workspace.java());
    for (JsonNode variable : container.path("env")) {
      if (variable.path("name").asText().equals("JDK_JAVA_OPTIONS")) {
        command.addAll(List.of(variable.path("value").asText().split(" ", -1)));
      }
    }
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+UseCompactObjectHeaders",
            "-jar",
            Workspace.jar().toString()));
    for (JsonNode argument : container.path("args")) {
      String text = argument.asText();
      // The API server of the pod's cluster is not part of this test.
      if (text.equals("--kubernetes") || text.startsWith("--cluster-id=")) {
        continue;
      }
      command.add(
          text.replace("=0.0.0.0:", "=" + CONTROL_PLANE + ":")
              .replace("=/etc/cacerts", "=" + directory.resolve("data/ca"))
              .replace("=/var/lib/portolan", "=" + directory.resolve("data")));
    }
    command.add("--mesh=" + mesh);
    return start(command, "pods-istiod.log");
  }

  private Process envoy(Map<String, JsonNode> objects, JsonNode container) throws Exception {
    Path home = Files.createDirectories(directory.resolve("gateway"));
    JsonNode files = objects.get("ConfigMap istio-system/istio-eastwestgateway").path("data");
    Files.writeString(
        home.resolve("istio-token"),
        JoinTokens.open(directory.resolve("data"), Clock.systemUTC())
            .mint(
                new JoinIdentity(CLUSTER, "istio-system", "istio-eastwestgateway"),
                Duration.ofHours(1)),
        StandardCharsets.US_ASCII);
    for (String file : List.of("envoy.yaml", "token-sds.yaml")) {
      Files.writeString(
          home.resolve(file),
          files
              .path(file)
              .asText()
              .replace("/etc/envoy/", home + "/")
              .replace("/var/run/secrets/tokens", home.toString())
              .replace(
                  "/var/run/secrets/istio/root-cert.pem",
                  directory.resolve("data/ca/root-cert.pem").toString())
              .replace("address: istiod.istio-system.svc,", "address: " + CONTROL_PLANE + ",")
              .replace("address: 0.0.0.0,", "address: " + GATEWAY + ",")
              .replace("address: 127.0.0.1,", "address: " + GATEWAY + ","));
    }
    List<String> command = new ArrayList<>(List.of(Workspace.envoy().toString()));
    for (JsonNode argument : container.path("args")) {
      command.add(
          argument
              .asText()
              .replace("/etc/envoy/", home + "/")
              .replace("$(POD_IP)", GATEWAY)
              .replace("$(POD_NAME)", "istio-eastwestgateway-1")
              .replace("$(POD_NAMESPACE)", "istio-system"));
    }
    return start(command, "pods-gateway.log");
  }

  private Process start(List<String> command, String log) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(Workspace.target().resolve(log).toFile())
            .start();
    running.add(
        () -> {
          process.destroyForcibly();
          assertTrue(process.waitFor(10, TimeUnit.SECONDS));
        });
    return process;
  }

  /** The names of the certificate that is shown on a port. */
  private static Set<String> names(String host, int port) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new Anyone()}, new SecureRandom());
    Set<String> names = new TreeSet<>();
    try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket()) {
      socket.connect(new InetSocketAddress(host, port), 5_000);
      socket.setSoTimeout(5_000);
      socket.startHandshake();
      X509Certificate leaf = (X509Certificate) socket.getSession().getPeerCertificates()[0];
      for (List<?> name : leaf.getSubjectAlternativeNames()) {
        names.add(String.valueOf(name.get(1)));
      }
    }
    return names;
  }

  /** The test reads a certificate; whether it is trusted is another test's matter. */
  private static final class Anyone extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, java.net.Socket s) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, java.net.Socket s) {}

    @Override
    public void checkClientTrusted(
        X509Certificate[] chain, String type, javax.net.ssl.SSLEngine e) {}

    @Override
    public void checkServerTrusted(
        X509Certificate[] chain, String type, javax.net.ssl.SSLEngine e) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  private interface Check {
    boolean holds() throws Exception;
  }

  private static void until(Check check, String what) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    Exception last = null;
    while (System.nanoTime() < end) {
      try {
        if (check.holds()) {
          return;
        }
        last = null;
      } catch (IOException e) {
        last = e;
      }
      LockSupport.parkNanos(100_000_000);
    }
    throw new AssertionError("not in 60 s: " + what, last);
  }
}
