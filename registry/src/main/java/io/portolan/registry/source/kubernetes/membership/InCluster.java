package io.portolan.registry.source.kubernetes.membership;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;

/**
 * The API server a pod runs beside, as the service account admission controller mounts it: {@code
 * ca.crt}, {@code token} and {@code namespace} in one folder, host and port in the environment.
 */
public final class InCluster {
  /** Where a pod finds its service account. */
  public static final Path FOLDER = Path.of("/var/run/secrets/kubernetes.io/serviceaccount");

  private InCluster() {}

  /**
   * Reads the mounted files. The token is read again whenever its file changes.
   *
   * @param host value of {@code KUBERNETES_SERVICE_HOST}
   * @param port value of {@code KUBERNETES_SERVICE_PORT}
   */
  public static KubeconfigParser.Parsed read(Path folder, String host, String port) {
    if (host.isEmpty() || port.isEmpty()) {
      return refused("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT: not in a pod");
    }
    String name = host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host;
    Path token = folder.resolve("token");
    try {
      String ca = Files.readString(folder.resolve("ca.crt"), StandardCharsets.US_ASCII);
      PemKeys.certificates(ca);
      if (!Files.isReadable(token)) {
        return refused(token + ": cannot be read");
      }
      Path namespaceFile = folder.resolve("namespace");
      String namespace =
          Files.exists(namespaceFile) ? Files.readString(namespaceFile).strip() : "default";
      URI server = URI.create("https://" + name + ":" + port);
      String print = Fingerprints.of(List.of(server.toString(), ca, token.toString()));
      return new KubeconfigParser.Usable(
          new Kubeconfig(
              "in-cluster",
              "in-cluster",
              server,
              ca,
              "",
              false,
              new Kubeconfig.TokenFile(token),
              namespace,
              print));
    } catch (IOException e) {
      return refused(folder + ": cannot be read: " + e.getMessage());
    } catch (GeneralSecurityException e) {
      return refused(folder.resolve("ca.crt") + ": " + e.getMessage());
    } catch (IllegalArgumentException e) {
      return refused("KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT: no address");
    }
  }

  private static KubeconfigParser.Parsed refused(String reason) {
    return new KubeconfigParser.Refused(List.of(reason));
  }
}
