package io.portolan.cli;

import io.portolan.ca.authn.JoinIdentity;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.ca.store.OwnerOnlyFiles;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "token",
    description = {
      "Makes a join token: a signed, expiring JWT for one cluster, namespace and service account.",
      "",
      "A proxy shows it when it connects; it is good for that identity only. Run it where the data"
          + " directory of the control plane is."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class TokenCommand implements Callable<Integer> {
  @Option(
      names = "--data",
      paramLabel = "DIR",
      defaultValue = "${env:PORTOLAN_DATA:-.portolan}",
      description = "Data directory of the control plane. Default: .portolan")
  private Path data = Path.of(".portolan");

  @Option(names = "--cluster", required = true, description = "Cluster id.")
  private String cluster = "";

  @Option(names = "--namespace", required = true, description = "Namespace.")
  private String namespace = "";

  @Option(names = "--service-account", required = true, description = "Service account.")
  private String serviceAccount = "";

  @Option(
      names = "--ttl",
      paramLabel = "TIME",
      converter = Spans.class,
      defaultValue = "24h",
      description = "Lifetime. Default: 24h")
  private Duration ttl = Duration.ofHours(24);

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Writes it to an owner-only file, by rename, instead of printing it.")
  private @Nullable Path out;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    String token =
        JoinTokens.open(data, Clock.systemUTC())
            .mint(new JoinIdentity(cluster, namespace, serviceAccount), ttl);
    if (out != null) {
      OwnerOnlyFiles.write(out, token.getBytes(StandardCharsets.US_ASCII));
    } else if (spec != null) {
      spec.commandLine().getOut().println(token);
    }
    return Exit.OK;
  }
}
