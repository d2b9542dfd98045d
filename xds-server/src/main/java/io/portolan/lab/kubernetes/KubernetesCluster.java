package io.portolan.lab.kubernetes;

import io.portolan.ca.store.OwnerOnlyFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One Kubernetes control plane on loopback: etcd behind a Unix socket, kube-apiserver, and the
 * controllers that make service accounts and EndpointSlices. A pod gets into a slice only when its
 * node exists and its address is not a loopback one. The port stays the cluster's own over stops
 * and starts.
 */
public final class KubernetesCluster implements AutoCloseable {
  private static final Duration START = Duration.ofMinutes(2);
  private static final Duration STOP = Duration.ofSeconds(10);
  private static final String CONTROLLERS =
      "serviceaccount-controller,serviceaccount-token-controller,"
          + "root-ca-certificate-publisher-controller,namespace-controller,"
          + "garbage-collector-controller";

  private static final String SLICES = ",endpointslice-controller";

  private final String name;
  private final Path home;
  private final KubernetesBinaries binaries;
  private final SocketChannel reservation;
  private final int port;
  private final String token;
  private final List<String> apiServerFlags;
  private final Part etcd;
  private final Part apiServer;
  private final Part controllers;

  private KubernetesCluster(
      String name,
      Path home,
      KubernetesBinaries binaries,
      SocketChannel reservation,
      List<String> apiServerFlags,
      boolean slices)
      throws IOException {
    this.name = name;
    this.home = home;
    this.binaries = binaries;
    this.reservation = reservation;
    this.port = ((InetSocketAddress) reservation.getLocalAddress()).getPort();
    this.token = randomToken();
    this.apiServerFlags = List.copyOf(apiServerFlags);
    this.etcd = new Part("etcd", home, etcdCommand());
    this.apiServer = new Part("kube-apiserver", home, apiServerCommand());
    this.controllers = new Part("kube-controller-manager", home, controllerCommand(slices));
  }

  /**
   * Starts a cluster and waits until its API server is ready.
   *
   * @param home a directory of its own, made anew
   * @param apiServerFlags more flags of kube-apiserver
   * @throws IOException naming the log when a part does not come up
   */
  public static KubernetesCluster start(
      String name, Path home, KubernetesBinaries binaries, List<String> apiServerFlags)
      throws IOException {
    return start(name, home, binaries, apiServerFlags, true);
  }

  /**
   * Starts a cluster and waits until its API server is ready.
   *
   * @param slices whether EndpointSlices are made for services; they cannot hold loopback addresses
   * @throws IOException naming the log when a part does not come up
   */
  public static KubernetesCluster start(
      String name,
      Path home,
      KubernetesBinaries binaries,
      List<String> apiServerFlags,
      boolean slices)
      throws IOException {
    Files.createDirectories(home);
    SocketChannel reservation =
        SocketChannel.open().setOption(StandardSocketOptions.SO_REUSEPORT, true);
    try {
      reservation.bind(new InetSocketAddress(loopback(), 0));
      KubernetesCluster cluster =
          new KubernetesCluster(
              name, home.toRealPath(), binaries, reservation, apiServerFlags, slices);
      cluster.writeFiles();
      try {
        cluster.startAll();
        return cluster;
      } catch (IOException e) {
        cluster.close();
        throw e;
      }
    } catch (IOException e) {
      reservation.close();
      throw e;
    }
  }

  private static InetAddress loopback() throws IOException {
    return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
  }

  private static String randomToken() {
    byte[] bytes = new byte[24];
    new SecureRandom().nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private void startAll() throws IOException {
    etcd.start();
    apiServer.start();
    awaitReady();
    writeKubeconfig();
    controllers.start();
  }

  private void writeFiles() throws IOException {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      byte[] key = generator.generateKeyPair().getPrivate().getEncoded();
      ownerOnly(
          home.resolve("sa.key"),
          "-----BEGIN PRIVATE KEY-----\n"
              + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key)
              + "\n-----END PRIVATE KEY-----\n");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has RSA", e);
    }
    ownerOnly(home.resolve("tokens.csv"), token + ",admin,admin,\"system:masters\"\n");
  }

  private static void ownerOnly(Path file, String text) throws IOException {
    OwnerOnlyFiles.write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  private List<String> etcdCommand() {
    // Sockets are named relative to the working directory: a path in a URL may not be long.
    return command(
        binaries.etcd(),
        "--data-dir=etcd",
        "--listen-client-urls=unix://localhost:1",
        "--advertise-client-urls=unix://localhost:1",
        "--listen-peer-urls=unix://localhost:2",
        "--initial-advertise-peer-urls=unix://localhost:2",
        "--initial-cluster=default=unix://localhost:2",
        "--unsafe-no-fsync",
        "--log-level=warn");
  }

  private List<String> apiServerCommand() {
    List<String> command =
        new ArrayList<>(
            command(
                binaries.apiServer(),
                "--etcd-servers=unix://localhost:1",
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                "--secure-port=" + port,
                "--permit-port-sharing",
                "--cert-dir=certs",
                "--service-account-key-file=sa.key",
                "--service-account-signing-key-file=sa.key",
                "--service-account-issuer=https://kubernetes.default.svc",
                "--api-audiences=https://kubernetes.default.svc,istio-ca,portolan",
                "--token-auth-file=tokens.csv",
                "--authorization-mode=RBAC",
                "--service-cluster-ip-range=10.96.0.0/16",
                "--disable-admission-plugins=ServiceAccount",
                "--endpoint-reconciler-type=none",
                "--shutdown-delay-duration=0s"));
    command.addAll(apiServerFlags);
    return command;
  }

  private List<String> controllerCommand(boolean slices) {
    return command(
        binaries.controllerManager(),
        "--kubeconfig=admin.kubeconfig",
        "--controllers=" + CONTROLLERS + (slices ? SLICES : ""),
        "--service-account-private-key-file=sa.key",
        "--root-ca-file=certs/apiserver.crt",
        "--use-service-account-credentials=false",
        "--leader-elect=false",
        "--secure-port=0",
        "--concurrent-endpoint-syncs=2");
  }

  private static List<String> command(List<String> program, String... flags) {
    List<String> command = new ArrayList<>(program);
    command.addAll(List.of(flags));
    return command;
  }

  private void awaitReady() throws IOException {
    try (ReadyCheck check = new ReadyCheck(url(), token, home.resolve("certs/apiserver.crt"))) {
      if (!check.await(START, () -> etcd.isRunning() && apiServer.isRunning())) {
        throw new IOException(
            "the API server of " + name + " did not get ready, see " + home + "/*.log");
      }
    }
  }

  private void writeKubeconfig() throws IOException {
    ownerOnly(kubeconfig(), kubeconfig(url(), token));
  }

  /** A kubeconfig of this cluster for a server address and a bearer token. */
  public String kubeconfig(String server, String bearer) throws IOException {
    byte[] ca = Files.readAllBytes(home.resolve("certs/apiserver.crt"));
    return String.join(
        "\n",
        "apiVersion: v1",
        "kind: Config",
        "clusters:",
        "- name: " + name,
        "  cluster:",
        "    server: " + server,
        "    certificate-authority-data: " + Base64.getEncoder().encodeToString(ca),
        "users:",
        "- name: user",
        "  user:",
        "    token: " + bearer,
        "contexts:",
        "- name: " + name,
        "  context: {cluster: " + name + ", user: user}",
        "current-context: " + name,
        "");
  }

  /** Its name. */
  public String name() {
    return name;
  }

  /** Address of its API server. */
  public String url() {
    return "https://127.0.0.1:" + port;
  }

  /** Port of its API server on 127.0.0.1. */
  public int port() {
    return port;
  }

  /** Bearer token of an administrator. */
  public String adminToken() {
    return token;
  }

  /** Kubeconfig file of an administrator. */
  public Path kubeconfig() {
    return home.resolve("admin.kubeconfig");
  }

  /** Directory with its logs and state. */
  public Path home() {
    return home;
  }

  /** The beginning of a kubectl command line against this cluster. */
  public List<String> kubectl() {
    List<String> command = new ArrayList<>(binaries.kubectl());
    command.add("--kubeconfig=" + kubeconfig());
    return command;
  }

  /** Freezes the API server: its port accepts and nobody answers. */
  public void freeze() throws IOException {
    apiServer.signal("STOP");
  }

  /** Lets a frozen API server go on. */
  public void thaw() throws IOException {
    apiServer.signal("CONT");
  }

  /** Kills the API server without notice. */
  public void kill() throws IOException {
    apiServer.kill(STOP);
  }

  /** Lets a frozen API server go on, or starts a killed one again. */
  public void heal() throws IOException {
    if (apiServer.isRunning()) {
      thaw();
    } else {
      restart();
    }
  }

  /** Starts a killed API server again with what it knew, and waits until it is ready. */
  public void restart() throws IOException {
    apiServer.start();
    awaitReady();
  }

  /** Kills the API server and etcd, and starts them again knowing nothing. */
  public void restartEmpty() throws IOException {
    stopAll();
    deleteTree(etcdData());
    startAgain();
  }

  /** Kills the API server and etcd, keeps a copy of what etcd knows, and starts them again. */
  public void keepState() throws IOException {
    stopAll();
    deleteTree(kept());
    copyTree(etcdData(), kept());
    startAgain();
  }

  /**
   * Kills the API server and etcd, and starts them again with what was kept: the cluster is the
   * same, its resource versions go back.
   */
  public void restartAsKept() throws IOException {
    stopAll();
    deleteTree(etcdData());
    copyTree(kept(), etcdData());
    startAgain();
  }

  private Path etcdData() {
    return home.resolve("etcd");
  }

  private Path kept() {
    return home.resolve("etcd.kept");
  }

  /** Ends every part even when one fails. */
  private void stopAll() throws IOException {
    IOException failure = null;
    for (Part part : List.of(controllers, apiServer, etcd)) {
      try {
        part.kill(STOP);
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void startAgain() throws IOException {
    etcd.start();
    apiServer.start();
    awaitReady();
    controllers.start();
  }

  private static void copyTree(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(to.resolve(from.relativize(directory)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(file, to.resolve(from.relativize(file)));
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Process ids of everything that runs, for whoever must end them after a crash of the owner. */
  public List<Long> pids() {
    return java.util.stream.Stream.of(etcd, apiServer, controllers)
        .map(Part::pid)
        .filter(Objects::nonNull)
        .toList();
  }

  @Override
  public void close() throws IOException {
    try {
      stopAll();
    } finally {
      reservation.close();
    }
  }
}
