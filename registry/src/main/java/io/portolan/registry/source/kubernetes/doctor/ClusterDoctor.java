package io.portolan.registry.source.kubernetes.doctor;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** What the answers of a cluster mean. Pure. */
public final class ClusterDoctor {
  /** Less than this is left: renew. */
  static final Duration SOON = Duration.ofDays(30);

  /** Tokens and certificates allow some difference, but not this much. */
  static final Duration SKEW_ERROR = Duration.ofMinutes(5);

  static final Duration SKEW_WARNING = Duration.ofSeconds(10);

  /** discovery.k8s.io/v1 and bound tokens are there from here on. */
  private static final int OLDEST_MINOR = 24;

  private static final int DNS_NAME = 2;
  private static final int IP_ADDRESS = 7;

  private ClusterDoctor() {}

  /** Examines everything, in the order in which one would mend it. */
  public static List<Diagnosis> examine(Answers a) {
    List<Diagnosis> all = new ArrayList<>();
    all.add(reachability(a));
    certificates(a, all);
    all.add(credential(a.authKind(), a.credentialExpiry(), a.askedAt()));
    boolean answers = a.failure().isEmpty();
    // Version and time are public: a clock that is off may be why the credential is refused.
    all.add(answers || !a.version().isEmpty() ? version(a.version()) : unseen("version"));
    all.add(
        answers || a.serverTime() != null ? clock(a.serverTime(), a.askedAt()) : unseen("clock"));
    if (!answers) {
      for (String check : List.of("permissions", "secrets", "network", "gateway")) {
        all.add(unseen(check));
      }
      return all;
    }
    all.add(permissions(a.allowed(), a.permissionFailure()));
    all.add(secrets(a.mayReadSecrets()));
    if (!a.meshFailure().isEmpty()) {
      all.add(Diagnosis.skipped("network", a.meshFailure()));
      all.add(Diagnosis.skipped("gateway", "not looked at, see 'network'"));
    } else {
      all.add(network(a));
      gateways(a, all);
    }
    return all;
  }

  private static Diagnosis unseen(String check) {
    return Diagnosis.skipped(check, "not looked at, see 'reachable'");
  }

  static Diagnosis reachability(Answers a) {
    String remedy;
    if (a.failure().contains("credential")) {
      remedy = "make a new credential with 'portolan cluster add'";
    } else if (a.failure().startsWith("TLS") && a.failure().contains("subject alternative")) {
      remedy = "see 'server name' below";
    } else if (a.failure().startsWith("TLS") && outOfTime(a)) {
      remedy = "see 'server certificate' below";
    } else if (a.failure().startsWith("TLS")) {
      remedy = "put the CA that signs the API server's certificate into certificate-authority-data";
    } else {
      remedy =
          "check the address, the network and firewalls between here and there; 'portolan cluster"
              + " add --server' sets another address";
    }
    return a.failure().isEmpty()
        ? Diagnosis.ok("reachable", a.host() + " answers")
        : Diagnosis.error("reachable", a.host() + ": " + a.failure(), remedy);
  }

  private static boolean outOfTime(Answers a) {
    return !a.chain().isEmpty()
        && validity(a.chain().getFirst(), a.askedAt()).severity() == Diagnosis.Severity.ERROR;
  }

  private static void certificates(Answers a, List<Diagnosis> all) {
    if (a.chain().isEmpty()) {
      all.add(Diagnosis.skipped("server certificate", "no TLS connection"));
    } else {
      X509Certificate leaf = a.chain().getFirst();
      all.add(names(leaf, a.serverName()));
      all.add(validity(leaf, a.askedAt()));
    }
    a.authorities().stream()
        .map(c -> c.getNotAfter().toInstant())
        .min(Instant::compareTo)
        .ifPresent(
            end ->
                all.add(
                    expiry(
                        "CA",
                        end,
                        a.askedAt(),
                        "add the next CA to certificate-authority-data before that day")));
  }

  static Diagnosis validity(X509Certificate leaf, Instant now) {
    Instant begin = leaf.getNotBefore().toInstant();
    return now.isBefore(begin)
        ? Diagnosis.error(
            "server certificate",
            "not valid before "
                + begin
                + ", which is "
                + span(Duration.between(now, begin))
                + " away",
            "synchronise the clocks: the server's, or this machine's (now " + now + ")")
        : expiry(
            "server certificate",
            leaf.getNotAfter().toInstant(),
            now,
            "renew the API server's certificate");
  }

  static Diagnosis names(X509Certificate leaf, String wanted) {
    TreeSet<String> names = new TreeSet<>();
    try {
      Collection<List<?>> alternatives = leaf.getSubjectAlternativeNames();
      if (alternatives != null) {
        for (List<?> entry : alternatives) {
          if (entry.get(0) instanceof Integer type && (type == DNS_NAME || type == IP_ADDRESS)) {
            names.add(String.valueOf(entry.get(1)).toLowerCase(Locale.ROOT));
          }
        }
      }
    } catch (CertificateParsingException e) {
      return Diagnosis.error(
          "server name", "its names cannot be read", "renew the API server's certificate");
    }
    return names.stream().anyMatch(name -> matches(name, wanted.toLowerCase(Locale.ROOT)))
        ? Diagnosis.ok("server name", "the certificate is for " + wanted)
        : Diagnosis.error(
            "server name",
            "the certificate is for " + String.join(", ", names) + ", not for " + wanted,
            "use one of these names as server, or set tls-server-name to one of them");
  }

  /** RFC 6125: a wildcard stands for one whole label. */
  private static boolean matches(String name, String wanted) {
    if (name.startsWith("*.")) {
      int dot = wanted.indexOf('.');
      return dot > 0 && wanted.substring(dot).equals(name.substring(1));
    }
    return name.equals(wanted);
  }

  static Diagnosis expiry(String check, Instant end, Instant now, String remedy) {
    Duration left = Duration.between(now, end);
    if (left.isNegative()) {
      return Diagnosis.error(check, "expired on " + end, remedy);
    }
    String text = "valid until " + end + " (" + span(left) + ")";
    return left.compareTo(SOON) < 0
        ? Diagnosis.warning(check, text, remedy)
        : Diagnosis.ok(check, text);
  }

  static Diagnosis credential(
      String kind, @org.jspecify.annotations.Nullable Instant end, Instant now) {
    return end == null
        ? Diagnosis.ok("credential", kind + " without an end")
        : expiry("credential", end, now, "run 'portolan cluster add' again before that day");
  }

  static Diagnosis version(String version) {
    String[] parts = (version.startsWith("v") ? version.substring(1) : version).split("\\.", -1);
    try {
      int minor = parts.length > 1 ? Integer.parseInt(parts[1]) : -1;
      if (Integer.parseInt(parts[0]) > 1 || minor >= OLDEST_MINOR) {
        return Diagnosis.ok("version", "Kubernetes " + version);
      }
    } catch (NumberFormatException e) {
      return Diagnosis.warning(
          "version", "'" + version + "' is no version", "is this a Kubernetes API server?");
    }
    return Diagnosis.warning(
        "version",
        "Kubernetes " + version + " is older than v1." + OLDEST_MINOR,
        "upgrade the cluster");
  }

  static Diagnosis clock(@org.jspecify.annotations.Nullable Instant server, Instant asked) {
    if (server == null) {
      return Diagnosis.skipped("clock", "the server tells no time");
    }
    // The Date header has whole seconds.
    Duration skew = Duration.between(asked, server);
    String text =
        "the server's clock is "
            + (skew.abs().toSeconds() <= 1
                ? "right"
                : span(skew.abs()) + (skew.isNegative() ? " behind" : " ahead"));
    String remedy = "synchronise the clocks: tokens and certificates have a beginning and an end";
    if (skew.abs().compareTo(SKEW_ERROR) >= 0) {
      return Diagnosis.error("clock", text, remedy);
    }
    return skew.abs().compareTo(SKEW_WARNING) >= 0
        ? Diagnosis.warning("clock", text, remedy)
        : Diagnosis.ok("clock", text);
  }

  static Diagnosis permissions(
      Map<io.portolan.registry.source.kubernetes.membership.ReaderRole.Permission, Boolean> allowed,
      String failure) {
    if (!failure.isEmpty()) {
      return Diagnosis.error(
          "permissions", "cannot be asked: " + failure, "check the credential and its binding");
    }
    List<String> missing =
        allowed.entrySet().stream()
            .filter(e -> !e.getValue())
            .map(e -> e.getKey().toString())
            .sorted()
            .toList();
    return missing.isEmpty()
        ? Diagnosis.ok("permissions", "all " + allowed.size() + " that are needed")
        : Diagnosis.error(
            "permissions",
            "not allowed: " + String.join(", ", missing),
            "run 'portolan cluster add' again, or bind the role portolan-reader");
  }

  static Diagnosis secrets(@org.jspecify.annotations.Nullable Boolean mayRead) {
    if (mayRead == null) {
      return Diagnosis.skipped("secrets", "cannot be asked");
    }
    return mayRead
        ? Diagnosis.warning(
            "secrets",
            "the credential may read every Secret of the cluster, which is never needed",
            "use the account that 'portolan cluster add' makes")
        : Diagnosis.ok("secrets", "the credential may not read Secrets");
  }

  static Diagnosis network(Answers a) {
    String label = "topology.istio.io/network";
    if (a.rootMissing()) {
      return Diagnosis.warning(
          "network",
          "there is no namespace " + a.rootNamespace(),
          "kubectl create namespace "
              + a.rootNamespace()
              + ", then label it "
              + label
              + "=<network>");
    }
    return a.network().isEmpty()
        ? Diagnosis.warning(
            "network",
            "namespace "
                + a.rootNamespace()
                + " names no network, so pods count as reachable"
                + " directly",
            "kubectl label namespace " + a.rootNamespace() + " " + label + "=<network>")
        : Diagnosis.ok("network", a.network());
  }

  private static void gateways(Answers a, List<Diagnosis> all) {
    if (a.gateways().isEmpty()) {
      all.add(
          Diagnosis.warning(
              "gateway",
              "no Service with the label topology.istio.io/network",
              "install an east-west gateway; not needed where all clusters share one network"));
    }
    for (Answers.Gateway gateway : a.gateways()) {
      if (gateway.addresses().isEmpty()) {
        all.add(
            Diagnosis.error(
                "gateway",
                gateway.service() + " has no address",
                "look at the load balancer: kubectl describe service"));
      }
      if (!a.network().isEmpty() && !gateway.network().equals(a.network())) {
        all.add(
            Diagnosis.warning(
                "gateway",
                gateway.service()
                    + " serves network "
                    + gateway.network()
                    + ", the cluster is in "
                    + a.network(),
                "give both the same label value"));
      }
      gateway.addresses().forEach((address, result) -> all.add(gateway(gateway, address, result)));
    }
  }

  private static Diagnosis gateway(
      Answers.Gateway gateway, String address, Answers.Reached result) {
    return result.ok()
        ? Diagnosis.ok("gateway", gateway.service() + " " + address + " " + result.detail())
        : Diagnosis.error(
            "gateway",
            gateway.service() + " " + address + ": " + result.detail(),
            "check the gateway's pods, its load balancer and firewalls for that port");
  }

  private static String span(Duration span) {
    if (span.toDays() > 1) {
      return span.toDays() + " days";
    }
    return span.toHours() > 1
        ? span.toHours() + " h"
        : span.toMinutes() > 1 ? span.toMinutes() + " min" : span.toSeconds() + " s";
  }
}
