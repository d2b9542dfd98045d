package io.portolan.server;

import io.portolan.ca.authn.KubernetesTokens;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything a control plane process can be told, read once in main.
 *
 * @param meshDirectory holds {@code mesh.yaml} and one folder per cluster
 * @param dataDirectory holds the CA, keys and state; created owner-only
 * @param caDirectory holds {@code ca-cert.pem} and its companions; null keeps them in the data
 *     directory
 * @param xdsAddress TLS xDS; port 0 picks a free one
 * @param plaintextXdsAddress plaintext xDS, null switches it off
 * @param adminAddress admin and metrics over HTTP; port 0 picks a free one
 * @param certificateLifetime of workload certificates
 * @param serverNames DNS names and addresses of the xDS certificate besides the built-in ones
 * @param tokenAudiences a Kubernetes token must be for at least one of them
 * @param drain over how long streams are ended when the process is told to stop; zero ends them at
 *     once
 * @param portsFile written with the bound addresses as JSON once ready, null writes none
 * @param kubernetes API servers to read, null reads the mesh directory only
 */
public record ServerSettings(
    Path meshDirectory,
    Path dataDirectory,
    @Nullable Path caDirectory,
    InetSocketAddress xdsAddress,
    @Nullable InetSocketAddress plaintextXdsAddress,
    InetSocketAddress adminAddress,
    Duration certificateLifetime,
    List<String> serverNames,
    List<String> tokenAudiences,
    Duration drain,
    @Nullable Path portsFile,
    @Nullable KubernetesSettings kubernetes) {
  public ServerSettings {
    serverNames = List.copyOf(serverNames);
    tokenAudiences = List.copyOf(tokenAudiences);
  }

  /** With the usual token audiences, and clusters from files only. */
  public ServerSettings(
      Path meshDirectory,
      Path dataDirectory,
      @Nullable Path caDirectory,
      InetSocketAddress xdsAddress,
      @Nullable InetSocketAddress plaintextXdsAddress,
      InetSocketAddress adminAddress,
      Duration certificateLifetime,
      List<String> serverNames,
      Duration drain,
      @Nullable Path portsFile) {
    this(
        meshDirectory,
        dataDirectory,
        caDirectory,
        xdsAddress,
        plaintextXdsAddress,
        adminAddress,
        certificateLifetime,
        serverNames,
        KubernetesTokens.AUDIENCES,
        drain,
        portsFile,
        null);
  }
}
