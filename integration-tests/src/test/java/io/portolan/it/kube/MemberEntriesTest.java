package io.portolan.it.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.portolan.it.Workspace;
import io.portolan.server.KubernetesSettings;
import io.portolan.server.PortolanServer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ServiceEntries of members are read where that is asked for, else of the own cluster alone. */
class MemberEntriesTest {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final String ENTRY = "outbound|8443||only-in-two.example";

  @TempDir Path home;

  @Test
  void entriesOfMembersAreReadWhereAsked() throws Exception {
    try (TwoClusters clusters = new TwoClusters(home)) {
      Kubernetes.kubectl(
          clusters.two,
          "",
          "apply",
          "--server-side",
          "-f",
          Workspace.root().resolve("deploy/crds").toString());
      Kubernetes.kubectl(
          clusters.two,
          "",
          "wait",
          "--for=condition=Established",
          "crd/serviceentries.networking.istio.io",
          "--timeout=30s");
      Kubernetes.apply(
          clusters.two,
          """
          apiVersion: networking.istio.io/v1
          kind: ServiceEntry
          metadata: {name: only-in-two, namespace: demo}
          spec:
            hosts: [only-in-two.example]
            ports: [{number: 8443, name: tls, protocol: TLS}]
            location: MESH_EXTERNAL
            resolution: STATIC
            endpoints: [{address: 10.99.7.7}]
          """);
      clusters.backends(clusters.two, "10.72", 1);
      clusters.join("istio-remote-secret-two", clusters.two.adminToken());
      KubernetesSettings asked =
          new KubernetesSettings("one", clusters.one.kubeconfig(), null, "", "", true, "test");
      try (PortolanServer server =
              clusters.portolan(home.resolve("asked"), "", Clock.systemUTC(), asked);
          ModelProxy near = TwoClusters.proxy(server, "one")) {
        near.await(ENTRY, SOON, hosts -> hosts.size() == 1);
        assertEquals("10.99.7.7", near.hosts(ENTRY).getFirst().address());
      }
      try (PortolanServer server = clusters.portolan(home.resolve("default"), "");
          ModelProxy near = TwoClusters.proxy(server, "one")) {
        near.await(TwoClusters.BACKEND, SOON, hosts -> hosts.size() == 1);
        List<String> names = near.clusters();
        assertFalse(names.contains(ENTRY), names::toString);
      }
    }
  }
}
