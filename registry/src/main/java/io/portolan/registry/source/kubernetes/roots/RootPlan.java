package io.portolan.registry.source.kubernetes.roots;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What to write now into one cluster: a pure decision.
 *
 * @param writes to do in order, no more than asked for
 * @param current namespaces whose copy is right
 * @param due namespaces whose copy is to be written, now or later
 * @param left namespaces whose copy is somebody else's, with the reason
 * @param newest greatest fencing number met that is beyond ours, -1 for none
 */
record RootPlan(List<Write> writes, int current, int due, Map<String, String> left, int newest) {
  /** Namespaces that no workload is in; istiod leaves out the same ones. */
  static final Set<String> LEFT_OUT =
      Set.of("kube-public", "kube-node-lease", "local-path-storage");

  /** The longest pause before a namespace is tried again. */
  static final Duration LONGEST = Duration.ofMinutes(5);

  private static final int MAX_DOUBLINGS = 10;

  /** What is wanted. */
  record Wanted(String cluster, String own, int epoch, String pem) {
    /**
     * @param cluster that is written to
     * @param own cluster of this control plane
     * @param epoch fencing number of this leader
     */
    Wanted {
      if (pem.isEmpty()) {
        throw new IllegalArgumentException("no roots to publish");
      }
    }
  }

  /** One write. */
  sealed interface Write {
    String namespace();

    /** There is no copy yet. */
    record Create(String namespace) implements Write {}

    /**
     * The copy is another one.
     *
     * @param version it has
     * @param foreign it is what neither this control plane nor one before it wrote
     */
    record Replace(String namespace, String version, boolean foreign) implements Write {}
  }

  /**
   * How writing to a namespace went lately.
   *
   * @param failures in a row
   * @param repairs in a row: what was written was another one soon after
   * @param notBefore earliest next try
   * @param reason of the last failure, empty when it did not fail
   */
  record Pace(int failures, int repairs, Instant notBefore, String reason) {
    static final Pace NONE = new Pace(0, 0, Instant.MIN, "");

    /** After a failure. */
    Pace failed(String why, Instant now) {
      return new Pace(failures + 1, repairs, now.plus(pause(failures)), why);
    }

    /** After a write that was stored; {@code again} when this process had written it before. */
    Pace written(boolean again, Instant now) {
      boolean quiet = notBefore.isBefore(now.minus(LONGEST));
      int count = again ? quiet ? 1 : repairs + 1 : 0;
      return new Pace(0, count, count == 0 ? Instant.MIN : now.plus(pause(count)), "");
    }

    private static Duration pause(int doublings) {
      Duration pause = Duration.ofSeconds(1L << Math.min(MAX_DOUBLINGS, doublings));
      return pause.compareTo(LONGEST) > 0 ? LONGEST : pause;
    }
  }

  /** What is to be done about one copy. */
  private sealed interface Verdict {
    record Right() implements Verdict {}

    record Wrong(Write write) implements Verdict {}

    record Theirs(String reason) implements Verdict {}

    record Newer(int epoch) implements Verdict {}
  }

  /**
   * Decides.
   *
   * @param namespaces of the cluster
   * @param copies that are there, by namespace
   * @param paces of namespaces that were written to
   * @param most how many writes may be done
   */
  static RootPlan of(
      Wanted wanted,
      Collection<String> namespaces,
      Map<String, RootCopy> copies,
      Map<String, Pace> paces,
      Instant now,
      int most) {
    List<Write> writes = new ArrayList<>();
    Map<String, String> left = new TreeMap<>();
    int current = 0;
    int due = 0;
    int newest = -1;
    for (String namespace : new TreeSet<>(namespaces)) {
      if (LEFT_OUT.contains(namespace)) {
        continue;
      }
      switch (verdict(wanted, namespace, copies.get(namespace))) {
        case Verdict.Right() -> current++;
        case Verdict.Theirs(String reason) -> left.put(namespace, reason);
        case Verdict.Newer(int epoch) -> {
          newest = Math.max(newest, epoch);
          due++;
        }
        case Verdict.Wrong(Write write) -> {
          due++;
          Pace pace = paces.getOrDefault(namespace, Pace.NONE);
          if (writes.size() < most && !now.isBefore(pace.notBefore())) {
            writes.add(write);
          }
        }
      }
    }
    return new RootPlan(List.copyOf(writes), current, due, left, newest);
  }

  private static Verdict verdict(Wanted wanted, String namespace, @Nullable RootCopy copy) {
    if (copy == null) {
      return new Verdict.Wrong(new Write.Create(namespace));
    }
    if (copy.pem().equals(wanted.pem())) {
      return new Verdict.Right();
    }
    boolean ours = copy.writer().equals(wanted.own());
    if (ours && copy.epoch() > wanted.epoch()) {
      return new Verdict.Newer(copy.epoch());
    }
    // Two primaries read each other's cluster. Each has the say in its own; fencing numbers of two
    // Leases cannot be compared.
    if (!ours && !copy.writer().isEmpty() && !wanted.cluster().equals(wanted.own())) {
      return new Verdict.Theirs(
          "holds other roots, written by the control plane of cluster " + copy.writer());
    }
    // Another control plane may still serve this namespace with these roots.
    if (copy.writer().isEmpty() && !copy.pem().isEmpty()) {
      return new Verdict.Theirs("holds other roots, written by somebody else");
    }
    return new Verdict.Wrong(new Write.Replace(namespace, copy.version(), !ours));
  }
}
