package io.portolan.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.portolan.registry.federation.TlsHelloProbe;
import io.portolan.registry.source.kubernetes.doctor.Answers;
import io.portolan.registry.source.kubernetes.doctor.ClusterDoctor;
import io.portolan.registry.source.kubernetes.doctor.ClusterVisit;
import io.portolan.registry.source.kubernetes.doctor.Diagnosis;
import io.portolan.registry.source.kubernetes.membership.Claim;
import io.portolan.registry.source.kubernetes.membership.Kubeconfig;
import io.portolan.registry.source.kubernetes.membership.KubeconfigParser;
import io.portolan.registry.source.kubernetes.membership.MembershipReducer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "check",
    description = {
      "The doctor: examines member clusters and says what is wrong and what helps.",
      "",
      "Looks at reachability, certificates and their names, expiry of CA and credential, version,"
          + " permissions, clock, network label and east-west gateways. With --kubeconfig it examines"
          + " that cluster, before it is a member; else the members named, or all. Changes nothing and"
          + " reads no Secret of an examined cluster.",
      "",
      "Exit code 0 without errors, 1 with one."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ClusterCheckCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "CLUSTER",
      arity = "0..*",
      description = "Member clusters. Default: all.")
  private List<String> clusters = new ArrayList<>();

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description = "Examine the cluster of this kubeconfig instead.")
  private @Nullable Path kubeconfig;

  @Option(
      names = "--context",
      paramLabel = "NAME",
      defaultValue = "",
      description = "Context in that kubeconfig. Default: its current one.")
  private String context = "";

  @Option(names = "--istio-kinds", description = "It must be able to read Istio's kinds too.")
  private boolean istioKinds;

  @Option(names = "--output", defaultValue = "text", description = "text or json. Default: text")
  private OutputFormat output = OutputFormat.TEXT;

  @Mixin private ConfigClusterOptions config = new ConfigClusterOptions();

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    Map<String, List<Diagnosis>> results = new LinkedHashMap<>();
    Path given = kubeconfig;
    if (given != null) {
      Kubeconfig one = ConfigClusterOptions.read(given, context, false);
      results.put(clusters.isEmpty() ? one.cluster() : clusters.getFirst(), examine(one));
    } else {
      List<Claim> claims = config.claims();
      var decision = MembershipReducer.decide("", Map.of(), claims);
      for (Claim claim : claims) {
        if (clusters.isEmpty() || clusters.contains(claim.cluster())) {
          boolean rivals =
              claims.stream().filter(c -> c.cluster().equals(claim.cluster())).count() > 1;
          String name = claim.cluster() + (rivals ? " (" + claim.source() + ")" : "");
          List<Diagnosis> found = new ArrayList<>(unused(claim, decision));
          found.addAll(examine(claim));
          results.put(name, found);
        }
      }
      for (String wanted : clusters) {
        if (claims.stream().noneMatch(c -> c.cluster().equals(wanted))) {
          results.put(
              wanted,
              List.of(
                  new Diagnosis(
                      Diagnosis.Severity.ERROR,
                      "member",
                      "no remote secret names this cluster",
                      "portolan cluster add " + wanted + " --kubeconfig FILE")));
        }
      }
    }
    PrintWriter out = Terminal.out(spec);
    if (output == OutputFormat.JSON) {
      out.println(json(results).toPrettyString());
    } else {
      print(out, results);
    }
    boolean sick =
        results.values().stream()
            .flatMap(List::stream)
            .anyMatch(d -> d.severity() == Diagnosis.Severity.ERROR);
    return sick ? Exit.FAILED : Exit.OK;
  }

  /** A good kubeconfig may still be one that the control plane does not use. */
  private static List<Diagnosis> unused(Claim claim, MembershipReducer.Decision decision) {
    if (!(claim.content() instanceof KubeconfigParser.Usable)) {
      return List.of();
    }
    return decision.findings().stream()
        .filter(f -> f.file().equals(claim.source()))
        .filter(f -> f.object().equals("cluster " + claim.cluster()))
        .map(
            f ->
                new Diagnosis(
                    Diagnosis.Severity.ERROR,
                    "member",
                    f.message(),
                    "delete the Secret that is not meant"))
        .toList();
  }

  private List<Diagnosis> examine(Claim claim) {
    return switch (claim.content()) {
      case KubeconfigParser.Usable usable -> examine(usable.config());
      case KubeconfigParser.Refused refused ->
          refused.reasons().stream()
              .map(
                  reason ->
                      new Diagnosis(
                          Diagnosis.Severity.ERROR,
                          "kubeconfig",
                          reason,
                          "portolan cluster add " + claim.cluster() + " writes one that is good"))
              .toList();
    };
  }

  private List<Diagnosis> examine(Kubeconfig one) {
    TlsHelloProbe hello = new TlsHelloProbe();
    ClusterVisit visit =
        new ClusterVisit(
            ConfigClusterOptions.clients(),
            (address, port, patience) -> {
              var result = hello.probe(address, port, patience);
              return new Answers.Reached(result.ok(), result.detail());
            },
            InstantSource.system());
    return ClusterDoctor.examine(visit.visit(one, config.rootNamespace(), istioKinds));
  }

  private static ArrayNode json(Map<String, List<Diagnosis>> results) {
    ArrayNode list = new ObjectMapper().createArrayNode();
    results.forEach(
        (cluster, diagnoses) -> {
          ObjectNode node = list.addObject().put("cluster", cluster);
          ArrayNode findings = node.putArray("findings");
          for (Diagnosis d : diagnoses) {
            findings
                .addObject()
                .put("severity", d.severity().name().toLowerCase(Locale.ROOT))
                .put("check", d.check())
                .put("text", d.text())
                .put("remedy", d.remedy());
          }
        });
    return list;
  }

  private void print(PrintWriter out, Map<String, List<Diagnosis>> results) {
    if (results.isEmpty()) {
      out.println(
          "no member clusters in namespace "
              + config.rootNamespace()
              + " of the config cluster (remedy: portolan cluster add, or --kubeconfig FILE)");
    }
    boolean first = true;
    for (var entry : results.entrySet()) {
      if (!first) {
        out.println();
      }
      first = false;
      out.println(Ansi.AUTO.string("@|bold cluster " + entry.getKey() + "|@"));
      for (Diagnosis d : entry.getValue()) {
        out.println("  " + mark(d.severity()) + " " + pad(d.check()) + " " + d.text());
        if (!d.remedy().isEmpty()) {
          out.println("        " + pad("") + " remedy: " + d.remedy());
        }
      }
    }
  }

  private static String pad(String text) {
    return text + " ".repeat(Math.max(0, 18 - text.length()));
  }

  private static String mark(Diagnosis.Severity severity) {
    return Ansi.AUTO.string(
        switch (severity) {
          case OK -> "@|green ok   |@";
          case WARNING -> "@|yellow warn |@";
          case ERROR -> "@|red ERROR|@";
          case SKIPPED -> "-    ";
        });
  }
}
