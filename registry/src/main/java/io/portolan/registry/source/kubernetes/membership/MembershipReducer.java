package io.portolan.registry.source.kubernetes.membership;

import io.portolan.registry.source.objects.Finding;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Decides who is a member from what is claimed. A pure function of the present members and the
 * present claims.
 *
 * <p>Rules, those of Istio's remote secrets made explicit: the id of the own cluster cannot be
 * claimed by others. Of several claims the one that holds the id keeps it; a free id goes to a
 * usable claim before a refused one, then to the older, then to the first by name. Equal content is
 * no change. A refused change leaves the member as it is.
 */
public final class MembershipReducer {
  private static final Comparator<Claim> ORDER =
      Comparator.comparing((Claim c) -> !c.usable())
          .thenComparing(Claim::created)
          .thenComparing(Claim::source);

  private MembershipReducer() {}

  /**
   * A member as it runs.
   *
   * @param source whose claim holds the id
   * @param fingerprint of the kubeconfig its reader was opened with
   */
  public record Held(String source, String fingerprint) {}

  /** What to do about one cluster. */
  public sealed interface Step {
    /** The cluster id. */
    String cluster();
  }

  /** A new member. */
  public record Join(String cluster, Claim claim) implements Step {}

  /** A member with other content: the new reader is opened before the old one is closed. */
  public record Replace(String cluster, Claim claim) implements Step {}

  /** The same content, claimed by another source from now on. */
  public record Rename(String cluster, Claim claim) implements Step {}

  /** Nobody claims it any longer. */
  public record Leave(String cluster) implements Step {}

  /**
   * @param steps in order of cluster ids, removals first
   * @param findings what is wrong with the claims
   */
  public record Decision(List<Step> steps, List<Finding> findings) {}

  /**
   * Compares claims with members.
   *
   * @param own id of the cluster this process belongs to, empty when it belongs to none
   */
  public static Decision decide(String own, Map<String, Held> members, Collection<Claim> claims) {
    Map<String, List<Claim>> byCluster = new TreeMap<>();
    List<Finding> findings = new ArrayList<>();
    for (Claim claim : claims) {
      if (!claim.own() && claim.cluster().equals(own)) {
        findings.add(
            finding(
                Finding.Severity.WARNING,
                claim,
                "is the id of the cluster this control plane runs in, so this kubeconfig is not used"
                    + " (remedy: remove it, or give --cluster another name)"));
      } else {
        byCluster.computeIfAbsent(claim.cluster(), _ -> new ArrayList<>()).add(claim);
      }
    }
    List<Step> steps = new ArrayList<>();
    for (String member : new TreeSet<>(members.keySet())) {
      if (!byCluster.containsKey(member)) {
        steps.add(new Leave(member));
      }
    }
    byCluster.forEach(
        (cluster, rivals) -> {
          rivals.sort(ORDER);
          Held held = members.get(cluster);
          Claim winner =
              rivals.stream()
                  .filter(c -> held != null && c.source().equals(held.source()))
                  .findFirst()
                  .orElse(rivals.getFirst());
          judge(winner, rivals, held != null, findings);
          if (winner.usable()) {
            if (held == null) {
              steps.add(new Join(cluster, winner));
            } else if (!held.fingerprint().equals(winner.fingerprint())) {
              steps.add(new Replace(cluster, winner));
            } else if (!held.source().equals(winner.source())) {
              steps.add(new Rename(cluster, winner));
            }
          }
        });
    return new Decision(steps, findings);
  }

  private static void judge(
      Claim winner, List<Claim> rivals, boolean running, List<Finding> findings) {
    for (Claim claim : rivals) {
      if (claim.content() instanceof KubeconfigParser.Refused refused) {
        for (String reason : refused.reasons()) {
          findings.add(
              finding(
                  Finding.Severity.ERROR,
                  claim,
                  reason
                      + (running && claim.equals(winner)
                          ? "; the last good one stays in use"
                          : "")));
        }
      }
      if (!claim.equals(winner)) {
        findings.add(
            finding(
                Finding.Severity.ERROR,
                claim,
                "is claimed by "
                    + winner.source()
                    + " already, so this kubeconfig is not used (remedy: one cluster id, one"
                    + " kubeconfig)"));
      }
    }
  }

  private static Finding finding(Finding.Severity severity, Claim claim, String text) {
    return new Finding(severity, claim.source(), 0, "cluster " + claim.cluster(), "", text);
  }
}
