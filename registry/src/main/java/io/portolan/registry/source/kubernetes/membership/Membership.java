package io.portolan.registry.source.kubernetes.membership;

import io.portolan.registry.change.ClusterMembers;
import io.portolan.registry.model.Kind;
import io.portolan.registry.source.objects.Finding;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one reader per member. Sources say what is claimed; what follows is decided by {@link
 * MembershipReducer} and done here, on one thread.
 *
 * <p>A replacement opens the new reader beside the old one, and closes the old one when the new one
 * has listed every kind. A new kubeconfig that does not work leaves the old reader running for as
 * long as the claim stands.
 *
 * <p>A source that loses at least two claims and half of what it had in one step is doubted: the
 * members go only when it says the same again after {@link #CONFIRM}.
 */
public final class Membership implements AutoCloseable {
  /** How long a sudden loss of many members must last. */
  public static final Duration CONFIRM = Duration.ofSeconds(10);

  /** How often readers that could not be opened are tried again. */
  static final Duration RETRY = Duration.ofSeconds(15);

  private static final Logger LOG = LoggerFactory.getLogger(Membership.class);

  private final String own;
  private final ClusterMembers members;
  private final ReaderFactory readers;
  private final Function<String, Set<Kind>> kinds;
  private final ScheduledExecutorService thread;

  /** Everything below belongs to the thread, but for the two results. */
  private final Map<String, List<Claim>> claims = new TreeMap<>();

  private final Map<String, Doubt> doubts = new HashMap<>();
  private final Map<String, Member> running = new TreeMap<>();
  private final Map<String, Finding> unopened = new TreeMap<>();
  private final Set<String> awaited = new HashSet<>();
  private Runnable whenRead = () -> {};
  private long doubtCount;
  private boolean closed;
  private volatile List<Finding> findings = List.of();
  private volatile List<MemberStatus> status = List.of();

  /** A loss that waits for confirmation. */
  private record Doubt(long number, List<Claim> claims) {}

  /**
   * A reader.
   *
   * @param opened false when that failed: it is tried again
   */
  private record Reader(
      AutoCloseable handle, WatchedFeed feed, Kubeconfig kubeconfig, boolean opened) {
    String fingerprint() {
      return opened ? kubeconfig.fingerprint() : "";
    }
  }

  /** A member with its reader, and the reader that is about to take over. */
  private static final class Member {
    private Claim claim;
    private Reader current;
    private @Nullable Reader next;
    private boolean synced;

    Member(Claim claim, Reader current) {
      this.claim = claim;
      this.current = current;
    }

    Reader newest() {
      Reader coming = next;
      return coming == null ? current : coming;
    }
  }

  /**
   * @param own id of the cluster this process belongs to, empty for none
   * @param kinds what is read from a cluster
   * @param thread single; closed with this object
   */
  public Membership(
      String own,
      ClusterMembers members,
      ReaderFactory readers,
      Function<String, Set<Kind>> kinds,
      ScheduledExecutorService thread) {
    this.own = own;
    this.members = members;
    this.readers = readers;
    this.kinds = kinds;
    this.thread = thread;
    var _ =
        thread.scheduleWithFixedDelay(
            this::retry, RETRY.toMillis(), RETRY.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * A source was read completely: these are all of its claims. A source that could not be read says
   * nothing, and its claims stay. Any thread.
   *
   * @param source name of the source
   */
  public void claims(String source, List<Claim> now) {
    List<Claim> copy = List.copyOf(now);
    try {
      thread.execute(() -> guarded(() -> take(source, copy)));
    } catch (RejectedExecutionException e) {
      LOG.debug("claims after the end source={}", source);
    }
  }

  /** What is wrong with the claims now. Any thread. */
  public List<Finding> findings() {
    List<Finding> all = new ArrayList<>(findings);
    for (MemberStatus member : status()) {
      if (member.replacing() && !member.failure().isEmpty()) {
        all.add(
            new Finding(
                Finding.Severity.ERROR,
                member.source(),
                0,
                "cluster " + member.cluster(),
                "",
                "the new kubeconfig does not work, the old one stays in use: " + member.failure()));
      }
    }
    return all;
  }

  /** The members now. Any thread. */
  public List<MemberStatus> status() {
    return status;
  }

  private void guarded(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      LOG.error("membership step failed, members stay as they are", e);
    }
  }

  private void take(String source, List<Claim> now) {
    List<Claim> before = claims.getOrDefault(source, List.of());
    Set<String> lost = new HashSet<>();
    before.forEach(c -> lost.add(c.cluster()));
    now.forEach(c -> lost.remove(c.cluster()));
    Doubt doubt = doubts.remove(source);
    if (lost.size() >= 2 && lost.size() * 2 >= before.size()) {
      Doubt next = new Doubt(++doubtCount, now);
      doubts.put(source, next);
      LOG.warn(
          "many clusters vanished at once, waiting for confirmation source={} clusters={} seconds={}",
          source,
          lost,
          CONFIRM.toSeconds());
      var _ =
          thread.schedule(
              () -> guarded(() -> confirm(source, next)),
              CONFIRM.toMillis(),
              TimeUnit.MILLISECONDS);
      // What is new counts at once; what is missing stays for now.
      List<Claim> both = new ArrayList<>(now);
      before.stream().filter(c -> lost.contains(c.cluster())).forEach(both::add);
      claims.put(source, List.copyOf(both));
    } else {
      if (doubt != null) {
        LOG.info("vanished clusters are back source={}", source);
      }
      claims.put(source, now);
    }
    reduce();
    if (awaited.remove(source) && awaited.isEmpty()) {
      whenRead.run();
    }
  }

  /**
   * Tells once when each of these sources has been read for the first time. To be called before any
   * of them starts.
   *
   * @param then runs on the membership's thread
   */
  public void whenRead(Set<String> sources, Runnable then) {
    try {
      thread.execute(
          () -> {
            awaited.addAll(sources);
            whenRead = then;
          });
    } catch (RejectedExecutionException e) {
      LOG.debug("asked after the end sources={}", sources);
    }
  }

  private void confirm(String source, Doubt doubt) {
    if (doubt.equals(doubts.get(source))) {
      doubts.remove(source);
      claims.put(source, doubt.claims());
      reduce();
    }
  }

  private void retry() {
    guarded(
        () -> {
          if (!unopened.isEmpty()) {
            reduce();
          }
          refresh();
        });
  }

  private void reduce() {
    if (closed) {
      return;
    }
    Map<String, MembershipReducer.Held> held = new TreeMap<>();
    running.forEach(
        (cluster, member) ->
            held.put(
                cluster,
                new MembershipReducer.Held(member.claim.source(), member.newest().fingerprint())));
    List<Claim> all = claims.values().stream().flatMap(List::stream).toList();
    MembershipReducer.Decision decision = MembershipReducer.decide(own, held, all);
    unopened.clear();
    for (MembershipReducer.Step step : decision.steps()) {
      switch (step) {
        case MembershipReducer.Leave leave -> leave(leave.cluster());
        case MembershipReducer.Join join -> join(join.claim());
        case MembershipReducer.Replace replace -> replace(replace.claim());
        case MembershipReducer.Rename rename -> {
          Member member = running.get(rename.cluster());
          if (member != null) {
            member.claim = rename.claim();
          }
        }
      }
    }
    report(decision.findings());
    refresh();
  }

  private void join(Claim claim) {
    Reader reader = open(claim);
    running.put(claim.cluster(), new Member(claim, reader));
    LOG.info(
        "cluster joins cluster={} source=\"{}\" server={}",
        claim.cluster(),
        claim.source(),
        reader.kubeconfig().server());
  }

  private void replace(Claim claim) {
    Member member = running.get(claim.cluster());
    if (member == null) {
      return;
    }
    Reader reader = open(claim);
    Reader abandoned = member.next;
    member.next = reader;
    member.claim = claim;
    if (abandoned != null) {
      close(claim.cluster(), abandoned);
    }
    LOG.info(
        "kubeconfig changed, new reader beside the old one cluster={} source=\"{}\" server={}",
        claim.cluster(),
        claim.source(),
        reader.kubeconfig().server());
  }

  private Reader open(Claim claim) {
    if (!(claim.content() instanceof KubeconfigParser.Usable usable)) {
      throw new IllegalStateException("a refused claim was chosen: " + claim.source());
    }
    String cluster = claim.cluster();
    Set<Kind> wanted = kinds.apply(cluster);
    WatchedFeed feed =
        new WatchedFeed(
            members.join(cluster, wanted),
            wanted,
            self -> execute(() -> listedAll(cluster, self)),
            () -> execute(this::refresh));
    try {
      AutoCloseable handle = readers.open(cluster, usable.config(), feed);
      return new Reader(handle, feed, usable.config(), true);
    } catch (IOException | RuntimeException e) {
      String reason = "no reader can be opened: " + e.getMessage();
      feed.failed(reason);
      unopened.put(
          cluster,
          new Finding(Finding.Severity.ERROR, claim.source(), 0, "cluster " + cluster, "", reason));
      return new Reader(() -> {}, feed, usable.config(), false);
    }
  }

  private void listedAll(String cluster, WatchedFeed feed) {
    Member member = running.get(cluster);
    if (member == null) {
      return;
    }
    Reader reader = member.next;
    if (reader != null && reader.feed() == feed) {
      Reader old = member.current;
      member.current = reader;
      member.next = null;
      close(cluster, old);
      LOG.info("new reader has taken over cluster={}", cluster);
    }
    member.synced |= member.current.feed() == feed;
    refresh();
  }

  private void leave(String cluster) {
    Member member = running.remove(cluster);
    if (member == null) {
      return;
    }
    members.leave(cluster);
    close(cluster, member.current);
    Reader next = member.next;
    if (next != null) {
      close(cluster, next);
    }
    LOG.info("cluster leaves cluster={} source=\"{}\"", cluster, member.claim.source());
  }

  private void execute(Runnable step) {
    try {
      thread.execute(() -> guarded(step));
    } catch (RejectedExecutionException e) {
      LOG.debug("a reader reported after the end");
    }
  }

  private static void close(String cluster, Reader reader) {
    try {
      reader.handle().close();
    } catch (Exception e) {
      LOG.warn("reader not closed cleanly cluster={} reason=\"{}\"", cluster, e.getMessage());
    }
  }

  private void report(List<Finding> decided) {
    List<Finding> now = new ArrayList<>(decided);
    now.addAll(unopened.values());
    now.sort(Comparator.naturalOrder());
    List<Finding> before = findings;
    findings = List.copyOf(now);
    for (Finding finding : now) {
      if (!before.contains(finding)) {
        LOG.error("{}", finding);
      }
    }
    for (Finding finding : before) {
      if (!now.contains(finding)) {
        LOG.info("settled: {}", finding);
      }
    }
  }

  private void refresh() {
    List<MemberStatus> now = new ArrayList<>();
    running.forEach(
        (cluster, member) -> {
          Reader newest = member.newest();
          Kubeconfig config = newest.kubeconfig();
          now.add(
              new MemberStatus(
                  cluster,
                  member.claim.source(),
                  config.server().toString(),
                  config.auth().kind(),
                  Credentials.expiry(config.auth()),
                  member.synced,
                  member.next != null,
                  newest.feed().failure()));
        });
    status = List.copyOf(now);
  }

  /** Closes every reader; nobody leaves: members of a stopped control plane are not removed. */
  @Override
  public void close() {
    thread.execute(
        () -> {
          closed = true;
          running.forEach(
              (cluster, member) -> {
                close(cluster, member.current);
                Reader next = member.next;
                if (next != null) {
                  close(cluster, next);
                }
              });
          running.clear();
          claims.clear();
          thread.shutdown();
        });
  }
}
