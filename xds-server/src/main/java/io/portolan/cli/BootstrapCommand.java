package io.portolan.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.portolan.ca.authn.JoinIdentity;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.ca.store.OwnerOnlyFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
    name = "bootstrap",
    description = {
      "Prints an Envoy bootstrap, so that a proxy of your own joins the mesh.",
      "",
      "With --dir it makes a directory that is ready to run: envoy.yaml, a join token, the file that"
          + " makes Envoy follow the token, and the root certificate. Then: envoy -c DIR/envoy.yaml",
      "",
      "Role sidecar stands beside a workload whose pod has the given address; role router is an"
          + " ingress or east-west gateway, chosen by the labels that Gateway objects select."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class BootstrapCommand implements Callable<Integer> {
  @Option(names = "--cluster", required = true, description = "Cluster id.")
  private String cluster = "";

  @Option(names = "--namespace", required = true, description = "Namespace of the workload.")
  private String namespace = "";

  @Option(
      names = "--service-account",
      defaultValue = "default",
      description = "Service account. Default: default")
  private String serviceAccount = "default";

  @Option(
      names = "--role",
      defaultValue = "sidecar",
      description = "sidecar or router. Default: sidecar")
  private Role role = Role.SIDECAR;

  @Option(names = "--name", defaultValue = "envoy", description = "Name of the pod. Default: envoy")
  private String name = "envoy";

  @Option(
      names = "--address",
      defaultValue = "127.0.0.1",
      description = "IP address of the pod. Default: 127.0.0.1")
  private String address = "127.0.0.1";

  @Option(
      names = "--app-address",
      defaultValue = "127.0.0.1",
      description = "Where the workload listens in mode NONE. Default: 127.0.0.1")
  private String appAddress = "127.0.0.1";

  @Option(names = "--network", defaultValue = "", description = "Network. Default: the cluster's")
  private String network = "";

  @Option(
      names = "--locality",
      defaultValue = "",
      paramLabel = "REGION/ZONE",
      description = "Locality. Default: the registry's")
  private String locality = "";

  @Option(
      names = "--labels",
      split = ",",
      paramLabel = "K=V",
      description = "Labels of the workload.")
  private @Nullable Map<String, String> labels;

  @Option(
      names = "--interception",
      defaultValue = "NONE",
      description = "NONE or REDIRECT: how traffic reaches the proxy. Default: NONE")
  private Interception interception = Interception.NONE;

  @Option(
      names = "--xds-address",
      paramLabel = "HOST:PORT",
      split = ",",
      defaultValue = "${env:PORTOLAN_XDS_ADDRESS:-127.0.0.1:15012}",
      description = {
        "The control plane; several, in order of preference, are replicas that stand in for one"
            + " another. Default: 127.0.0.1:15012"
      })
  private List<String> xds = List.of("127.0.0.1:15012");

  @Option(
      names = "--admin-address",
      paramLabel = "HOST:PORT",
      defaultValue = "127.0.0.1:15000",
      description = "Envoy's admin page. Default: 127.0.0.1:15000")
  private String admin = "127.0.0.1:15000";

  @Option(
      names = "--protocol",
      defaultValue = "delta",
      description = "delta or sotw. Default: delta")
  private Protocol protocol = Protocol.DELTA;

  @Option(
      names = "--ca-file",
      paramLabel = "FILE",
      description =
          "Root certificate of the control plane. Default: root-cert.pem in the data directory")
  private @Nullable Path caFile;

  @Option(
      names = "--token-sds-file",
      paramLabel = "FILE",
      defaultValue = "token-sds.yaml",
      description = "SDS file that names the token file. Default: token-sds.yaml beside the token")
  private Path tokenSds = Path.of("token-sds.yaml");

  @Option(
      names = "--data",
      paramLabel = "DIR",
      defaultValue = "${env:PORTOLAN_DATA:-.portolan}",
      description = "Data directory of the control plane. Default: .portolan")
  private Path data = Path.of(".portolan");

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "Makes a directory that is ready to run.")
  private @Nullable Path dir;

  @Option(
      names = "--ttl",
      paramLabel = "TIME",
      converter = Spans.class,
      defaultValue = "24h",
      description = "Lifetime of the token made with --dir. Default: 24h")
  private Duration ttl = Duration.ofHours(24);

  @Option(names = "--output", defaultValue = "yaml", description = "yaml or json. Default: yaml")
  private OutputFormat output = OutputFormat.YAML;

  @Spec private @Nullable CommandSpec spec;

  enum Role {
    SIDECAR,
    ROUTER
  }

  enum Interception {
    NONE,
    REDIRECT
  }

  enum Protocol {
    DELTA,
    SOTW
  }

  @Override
  public Integer call() throws IOException {
    Path root = caFile == null ? data.resolve("ca").resolve("root-cert.pem") : caFile;
    if (dir != null) {
      return directory(dir.toAbsolutePath(), root);
    }
    Path sds = tokenSds.toAbsolutePath();
    Bootstrap made =
        bootstrap(
            root.toAbsolutePath().toString(), sds.toString(), String.valueOf(sds.getParent()));
    Terminal.out(spec).print(text(made));
    Terminal.out(spec).flush();
    return Exit.OK;
  }

  private Integer directory(Path directory, Path root) throws IOException {
    if (!Files.exists(root)) {
      throw new IOException(
          root
              + ": is missing (remedy: start 'portolan serve' once with the same"
              + " --data, or name the root certificate with --ca-file)");
    }
    Path token = directory.resolve("token");
    Path own = directory.resolve("root-cert.pem");
    Path sds = directory.resolve("token-sds.yaml");
    // Made before anything is written: a wrong address must not leave a token behind.
    String yaml = bootstrap(own.toString(), sds.toString(), directory.toString()).yaml();
    OwnerOnlyFiles.directory(directory);
    OwnerOnlyFiles.write(own, Files.readAllBytes(root));
    OwnerOnlyFiles.write(
        token,
        JoinTokens.open(data, Clock.systemUTC())
            .mint(new JoinIdentity(cluster, namespace, serviceAccount), ttl)
            .getBytes(StandardCharsets.US_ASCII));
    OwnerOnlyFiles.write(
        sds, Bootstrap.tokenSds(token.toString()).getBytes(StandardCharsets.UTF_8));
    Path config = directory.resolve("envoy.yaml");
    OwnerOnlyFiles.write(config, yaml.getBytes(StandardCharsets.UTF_8));
    Terminal.out(spec).println("made " + directory + "; run: envoy -c " + config);
    return Exit.OK;
  }

  private Bootstrap bootstrap(String ca, String sds, String tokenDirectory) {
    try {
      return made(ca, sds, tokenDirectory);
    } catch (IllegalArgumentException e) {
      CommandSpec known = spec;
      throw known == null
          ? e
          : new ParameterException(known.commandLine(), String.valueOf(e.getMessage()));
    }
  }

  private Bootstrap made(String ca, String sds, String tokenDirectory) {
    return new Bootstrap(
        role == Role.SIDECAR ? "sidecar" : "router",
        name,
        namespace,
        cluster,
        serviceAccount,
        network,
        locality,
        labels == null ? Map.of() : labels,
        interception.name(),
        address,
        appAddress,
        xds,
        ca,
        sds,
        tokenDirectory,
        admin,
        protocol == Protocol.DELTA);
  }

  private String text(Bootstrap made) throws IOException {
    return output == OutputFormat.JSON
        ? new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(made.tree()) + "\n"
        : made.yaml();
  }
}
