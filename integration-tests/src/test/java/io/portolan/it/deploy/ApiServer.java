package io.portolan.it.deploy;

import io.portolan.it.Workspace;
import io.portolan.it.kube.Kubernetes;
import io.portolan.lab.kubernetes.KubernetesCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A real API server that writes down what it is asked. */
record ApiServer(KubernetesCluster cluster, Path auditLog) implements AutoCloseable {
  static ApiServer start(Path home) throws IOException {
    Path log = Files.createTempDirectory(Files.createDirectories(home), "audit-").resolve("log");
    Path policy =
        Workspace.root().resolve("integration-tests/src/test/resources/deploy-audit-policy.yaml");
    return new ApiServer(
        Kubernetes.start(
            "deploy", home, "--audit-policy-file=" + policy, "--audit-log-path=" + log),
        log);
  }

  /** A kubeconfig of an administrator. */
  Path kubeconfig() {
    return cluster.kubeconfig();
  }

  @Override
  public void close() throws IOException {
    cluster.close();
  }
}
