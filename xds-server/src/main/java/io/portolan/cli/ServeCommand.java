package io.portolan.cli;

import io.portolan.ca.authn.KubernetesTokens;
import io.portolan.ca.store.OwnerOnlyFiles;
import io.portolan.server.KubernetesSettings;
import io.portolan.server.PortolanServer;
import io.portolan.server.ServerSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
    name = "serve",
    description = {
      "Runs the control plane until it is stopped.",
      "",
      "Reads a mesh directory (mesh.yaml and one folder of Kubernetes YAML per cluster), keeps its own"
          + " CA in the data directory, and serves Envoy over TLS. Edits are picked up live."
          + " With --kubernetes the clusters are read from their API servers, the settings of the mesh"
          + " from a ConfigMap or from mesh.yaml. Of several replicas all serve; one, elected on Lease"
          + " portolan-leader in the root namespace, writes."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ServeCommand implements Callable<Integer> {
  @Option(
      names = "--mesh",
      paramLabel = "DIR",
      defaultValue = "${env:PORTOLAN_MESH}",
      description =
          "Mesh directory. Required unless clusters are read from API servers. Environment:"
              + " PORTOLAN_MESH")
  private @Nullable Path mesh;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      defaultValue = "${env:PORTOLAN_DATA:-.portolan}",
      description = {
        "Directory for CA, keys and state, owner-only. Default: .portolan."
            + " Environment: PORTOLAN_DATA"
      })
  private Path data = Path.of(".portolan");

  @Option(
      names = "--ca",
      paramLabel = "DIR",
      description = {
        "Directory with root-cert.pem, cert-chain.pem, ca-cert.pem and ca-key.pem. Default: a root"
            + " made on first start in the data directory. Environment: PORTOLAN_CA"
      },
      defaultValue = "${env:PORTOLAN_CA}")
  private @Nullable Path ca;

  @Option(
      names = "--xds-address",
      paramLabel = "HOST:PORT",
      converter = Addresses.class,
      defaultValue = "${env:PORTOLAN_XDS_ADDRESS:-127.0.0.1:15012}",
      description = {
        "TLS xDS. Port 0 picks a free one. Default: 127.0.0.1:15012."
            + " Environment: PORTOLAN_XDS_ADDRESS"
      })
  private InetSocketAddress xds = new InetSocketAddress(InetAddress.getLoopbackAddress(), 15012);

  @Option(
      names = "--plaintext-xds-address",
      paramLabel = "HOST:PORT|off",
      defaultValue = "${env:PORTOLAN_PLAINTEXT_XDS_ADDRESS:-off}",
      description = {
        "Plaintext xDS without identities, usually 127.0.0.1:15010. Default: off."
            + " Environment: PORTOLAN_PLAINTEXT_XDS_ADDRESS"
      })
  private String plaintext = "off";

  @Option(
      names = "--admin-address",
      paramLabel = "HOST:PORT",
      converter = Addresses.class,
      defaultValue = "${env:PORTOLAN_ADMIN_ADDRESS:-127.0.0.1:15014}",
      description = {
        "Admin pages and metrics. Default: 127.0.0.1:15014. Environment: PORTOLAN_ADMIN_ADDRESS"
      })
  private InetSocketAddress admin = new InetSocketAddress(InetAddress.getLoopbackAddress(), 15014);

  @Option(
      names = "--certificate-lifetime",
      paramLabel = "TIME",
      converter = Spans.class,
      defaultValue = "${env:PORTOLAN_CERTIFICATE_LIFETIME:-24h}",
      description = {
        "Lifetime of workload certificates; they are renewed at half of it. Default: 24h."
            + " Environment: PORTOLAN_CERTIFICATE_LIFETIME"
      })
  private Duration lifetime = Duration.ofHours(24);

  @Option(
      names = "--server-name",
      paramLabel = "NAME",
      split = ",",
      description = {
        "More DNS names or addresses for the xDS certificate, besides portolan.local, localhost and"
            + " 127.0.0.1. Environment: PORTOLAN_SERVER_NAME"
      },
      defaultValue = "${env:PORTOLAN_SERVER_NAME}")
  private @Nullable List<String> names;

  @Option(
      names = "--drain",
      paramLabel = "TIME",
      converter = Spans.class,
      defaultValue = "${env:PORTOLAN_DRAIN:-5s}",
      description = {
        "When stopped: not ready at once, then proxies are sent to other replicas over this time, few"
            + " proxies faster. Default: 5s. Environment: PORTOLAN_DRAIN"
      })
  private Duration drain = Duration.ofSeconds(5);

  @Option(
      names = "--token-audience",
      paramLabel = "NAME",
      split = ",",
      description = {
        "Audiences of Kubernetes service account tokens, one of which a token must be for."
            + " Default: istio-ca,portolan. Environment: PORTOLAN_TOKEN_AUDIENCE"
      },
      defaultValue = "${env:PORTOLAN_TOKEN_AUDIENCE:-istio-ca,portolan}")
  private List<String> audiences = KubernetesTokens.AUDIENCES;

  @Option(
      names = "--kubernetes",
      description = {
        "Read clusters from API servers: the own one, and those that Secrets labelled"
            + " istio/multiCluster=true in its root namespace name. Without --kubeconfig the own one"
            + " is that of the pod. Environment: PORTOLAN_KUBERNETES"
      },
      defaultValue = "${env:PORTOLAN_KUBERNETES:-false}")
  private boolean inKubernetes;

  @Option(
      names = "--cluster-id",
      paramLabel = "ID",
      defaultValue = "${env:PORTOLAN_CLUSTER_ID:-Kubernetes}",
      description = {
        "Id of the own cluster. Default: Kubernetes. Environment: PORTOLAN_CLUSTER_ID"
      })
  private String clusterId = "Kubernetes";

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description = {
        "Kubeconfig of the own cluster, implies --kubernetes. Edits are picked up. Environment:"
            + " PORTOLAN_KUBECONFIG"
      },
      defaultValue = "${env:PORTOLAN_KUBECONFIG}")
  private @Nullable Path kubeconfig;

  @Option(
      names = "--kubeconfig-dir",
      paramLabel = "DIR",
      description = {
        "Directory of kubeconfigs of member clusters; a file's name without extension is the cluster"
            + " id. Environment: PORTOLAN_KUBECONFIG_DIR"
      },
      defaultValue = "${env:PORTOLAN_KUBECONFIG_DIR}")
  private @Nullable Path kubeconfigs;

  @Option(
      names = "--ports-file",
      paramLabel = "FILE",
      description = "Written with the bound addresses as JSON. Environment: PORTOLAN_PORTS_FILE",
      defaultValue = "${env:PORTOLAN_PORTS_FILE}")
  private @Nullable Path portsFile;

  @Option(
      names = "--mesh-config-map",
      paramLabel = "[NAMESPACE/]NAME|off",
      description = {
        "ConfigMap of the own cluster with settings of the mesh, in the root namespace where none is"
            + " named: keys mesh and meshNetworks as Istio has them, and mesh.yaml with a whole file."
            + " Each top-level field comes from the first that names it: mesh.yaml of --mesh, key"
            + " mesh.yaml, key mesh, key meshNetworks. Edits are picked up, but for trustDomain,"
            + " rootNamespace and domainSuffix; what is broken or deleted keeps its last good version."
            + " Default: istio. Environment: PORTOLAN_MESH_CONFIG_MAP"
      },
      defaultValue = "${env:PORTOLAN_MESH_CONFIG_MAP:-istio}")
  private String meshConfigMap = KubernetesSettings.MESH_CONFIG_MAP;

  @Option(
      names = "--root-config-map",
      paramLabel = "NAME|off",
      description = {
        "ConfigMap that the leader of the replicas keeps in every namespace, of the own cluster and of"
            + " members whose credential allows it: key root-cert.pem with the roots of the mesh, where"
            + " Istio's proxies look for them. Default: istio-ca-root-cert. Environment:"
            + " PORTOLAN_ROOT_CONFIG_MAP"
      },
      defaultValue = "${env:PORTOLAN_ROOT_CONFIG_MAP:-istio-ca-root-cert}")
  private String rootConfigMap = KubernetesSettings.ROOT_CONFIG_MAP;

  @Option(
      names = "--entries-from-members",
      description = {
        "Read ServiceEntries and WorkloadEntries from every member's API server too, not from the own"
            + " cluster alone. Members' credentials must allow it: portolan cluster add --istio-kinds."
            + " Environment: PORTOLAN_ENTRIES_FROM_MEMBERS"
      },
      defaultValue = "${env:PORTOLAN_ENTRIES_FROM_MEMBERS:-false}")
  private boolean entriesFromMembers;

  /** With API servers an empty one will do: the settings are in a ConfigMap. */
  private Path meshDirectory() throws IOException {
    Path given = mesh;
    if (given != null) {
      return given;
    }
    if (kubernetes() == null && spec != null) {
      throw new ParameterException(
          spec.commandLine(),
          "--mesh is missing (expected the mesh directory; not needed with --kubernetes,"
              + " --kubeconfig or --kubeconfig-dir)");
    }
    OwnerOnlyFiles.directory(data);
    Path own = data.resolve("mesh");
    OwnerOnlyFiles.directory(own);
    return own;
  }

  private @Nullable KubernetesSettings kubernetes() {
    boolean own = inKubernetes || kubeconfig != null;
    return own || kubeconfigs != null
        ? new KubernetesSettings(
            own ? clusterId : "",
            kubeconfig,
            kubeconfigs,
            name("--mesh-config-map", meshConfigMap, true),
            name("--root-config-map", rootConfigMap, false),
            entriesFromMembers,
            replica())
        : null;
  }

  private static String name(String option, String value, boolean namespaced) {
    if (value.equals("off")) {
      return "";
    }
    int slash = value.indexOf('/');
    boolean usable =
        slash < 0
            ? isName(value)
            : namespaced && isName(value.substring(0, slash)) && isName(value.substring(slash + 1));
    if (!usable) {
      throw new IllegalArgumentException(
          option
              + ": '"
              + value
              + "' (expected a name of lower-case letters, digits, '-' and '.'"
              + (namespaced ? ", NAMESPACE/NAME" : "")
              + ", or off)");
    }
    return value;
  }

  /** RFC 1123 names: what a Kubernetes path may hold. */
  private static boolean isName(String text) {
    return !text.isEmpty()
        && text.length() <= 253
        && text.chars().allMatch(c -> "abcdefghijklmnopqrstuvwxyz0123456789-.".indexOf(c) >= 0);
  }

  /** Its pod's name, or that of the machine. */
  private static String replica() {
    for (String variable : List.of("POD_NAME", "HOSTNAME")) {
      String value = System.getenv(variable);
      if (value != null && !value.isBlank()) {
        return value;
      }
    }
    return "portolan";
  }

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    ServerSettings settings =
        new ServerSettings(
            meshDirectory(),
            data,
            ca,
            xds,
            plaintext.equals("off") ? null : new Addresses().convert(plaintext),
            admin,
            lifetime,
            names == null ? List.of() : names,
            audiences,
            drain,
            portsFile,
            kubernetes());
    CountDownLatch stopped = new CountDownLatch(1);
    PortolanServer server = PortolanServer.start(settings);
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("shutdown")
                .unstarted(
                    () -> {
                      server.close();
                      stopped.countDown();
                    }));
    stopped.await();
    return Exit.OK;
  }
}
