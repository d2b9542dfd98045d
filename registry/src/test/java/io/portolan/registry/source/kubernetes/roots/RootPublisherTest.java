package io.portolan.registry.source.kubernetes.roots;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.portolan.registry.source.kubernetes.ConfigMapObject;
import io.portolan.registry.source.kubernetes.ConfigMapReader;
import io.portolan.registry.source.kubernetes.FakeApiServer;
import io.portolan.registry.source.kubernetes.StepScheduler;
import io.portolan.registry.source.kubernetes.leader.Election;
import io.portolan.registry.source.kubernetes.leader.Leadership;
import io.portolan.registry.source.kubernetes.leader.LeaseRecord;
import io.portolan.registry.source.kubernetes.leader.LeaseStore;
import io.portolan.registry.source.kubernetes.leader.LeaseTimes;
import io.portolan.registry.source.objects.Finding;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A publisher against an API server that does what each test says. */
class RootPublisherTest {
  private static final String NAME = "istio-ca-root-cert";

  private final FakeApiServer server = new FakeApiServer();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final KubernetesClient client =
      new KubernetesClientBuilder()
          .withConfig(
              new ConfigBuilder()
                  .withAutoConfigure(false)
                  .withMasterUrl(server.url())
                  .withHttp2Disable(true)
                  .build())
          .build();
  private final StepScheduler time = new StepScheduler();
  private volatile long jump;
  private final Store store = new Store();
  private final Leadership leadership =
      new Leadership(
          "a",
          LeaseTimes.DEFAULT,
          store,
          () -> new Election.Reading(time.now() + jump, now()),
          time);
  private final List<String> opened = new ArrayList<>();
  private final List<String> heard = new ArrayList<>();
  private ConfigMapReader.@Nullable Sink sink;
  private Set<String> namespaces = Set.of("demo");
  private String pem = "R1";
  private RootPublisher publisher = publisher("east");

  /** One Lease with optimistic locking. */
  private static final class Store implements LeaseStore {
    private Optional<LeaseRecord> lease = Optional.empty();
    private int version;

    @Override
    public Optional<LeaseRecord> read() {
      return lease;
    }

    @Override
    public Optional<LeaseRecord> write(LeaseRecord next) {
      if (!lease.map(LeaseRecord::version).orElse("").equals(next.version())) {
        return Optional.empty();
      }
      lease = Optional.of(at(next, next.holder(), next.transitions(), ++version));
      return lease;
    }

    private static LeaseRecord at(LeaseRecord l, String holder, int transitions, int version) {
      return new LeaseRecord(
          holder, l.duration(), l.acquired(), l.renewed(), transitions, "" + version);
    }

    void take(String holder) {
      LeaseRecord held = lease.orElseThrow();
      lease = Optional.of(at(held, holder, held.transitions() + 1, ++version));
    }
  }

  private Instant now() {
    return Instant.EPOCH.plusNanos(time.now() + jump);
  }

  private RootPublisher publisher(String cluster) {
    return new RootPublisher(
        new RootPublisher.Target(cluster, "east", NAME, () -> namespaces, () -> pem),
        client,
        leadership,
        (which, given) -> {
          opened.add(which.toString());
          sink = given;
          return () -> opened.add("closed");
        },
        this::now,
        new RootEvents() {
          @Override
          public void written(String id) {
            heard.add("written " + id);
          }

          @Override
          public void failed(String id) {
            heard.add("failed " + id);
          }
        });
  }

  @AfterEach
  void stop() {
    publisher.close();
    threads.shutdownNow();
    client.close();
    server.close();
  }

  private Future<?> round() {
    return threads.submit(publisher::round);
  }

  private static void done(Future<?> round) throws Exception {
    round.get(20, TimeUnit.SECONDS);
  }

  private void leads() {
    leadership.start();
    time.run();
    assertTrue(leadership.leads());
  }

  private void review(String verb, String name, boolean allowed) throws InterruptedException {
    FakeApiServer.Call call = server.next();
    assertEquals("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", call.path());
    assertTrue(call.body().contains("\"verb\":\"" + verb + "\""), call.body());
    assertTrue(call.body().contains("\"resource\":\"configmaps\""), call.body());
    assertEquals(!name.isEmpty(), call.body().contains("\"name\":\"" + name + "\""), call.body());
    call.answer(
        201,
        "{\"kind\":\"SelfSubjectAccessReview\",\"apiVersion\":\"authorization.k8s.io/v1\",\"status\":{\"allowed\":"
            + allowed
            + "}}");
  }

  private void maySee() throws Exception {
    Future<?> round = round();
    review("create", "", true);
    review("list", NAME, true);
    review("watch", NAME, true);
    review("patch", NAME, true);
    done(round);
    assertEquals(List.of("ConfigMap */" + NAME), opened);
  }

  private ConfigMapReader.Sink sink() {
    ConfigMapReader.Sink now = sink;
    assertNotNull(now);
    return now;
  }

  private static ConfigMapObject copy(String version, String pem, String writer, int epoch) {
    return new ConfigMapObject(
        "demo",
        NAME,
        version,
        Map.of(),
        writer.isEmpty() ? Map.of() : RootCopy.annotations(writer, epoch),
        Map.of(RootCopy.KEY, pem));
  }

  private static String stored(String version) {
    return "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\""
        + NAME
        + "\",\"namespace\":\"demo\",\"resourceVersion\":\""
        + version
        + "\"}}";
  }

  private static String refusal(int code, String cause) {
    return "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"told so\",\"code\":"
        + code
        + (cause.isEmpty() ? "" : ",\"details\":{\"causes\":[{\"reason\":\"" + cause + "\"}]}")
        + "}";
  }

  private FakeApiServer.Call expectCreate() throws InterruptedException {
    FakeApiServer.Call call = server.next();
    assertEquals("POST /api/v1/namespaces/demo/configmaps", call.method() + " " + call.path());
    return call;
  }

  @Test
  void whoDoesNotLeadAsksNothing() throws Exception {
    done(round());
    assertFalse(server.asked());
    assertEquals(RootStatus.State.FOLLOWING, publisher.status().state());
    assertEquals(List.of(), publisher.findings());
  }

  @Test
  void aMissingCopyIsMadeOnceAndFollowsTheRoots() throws Exception {
    leads();
    maySee();
    done(round());
    assertFalse(server.asked(), "nothing is written before it is known what there is");
    sink().listed(Map.of());
    Future<?> round = round();
    FakeApiServer.Call create = expectCreate();
    for (String part :
        List.of(
            "\"root-cert.pem\":\"R1\"",
            "\"istio.io/config\":\"true\"",
            "\"portolan.io/written-by-cluster\":\"east\"",
            "\"portolan.io/leader-epoch\":\"0\"")) {
      assertTrue(create.body().contains(part), part + " in " + create.body());
    }
    create.answer(201, stored("5"));
    done(round);
    assertEquals(1, publisher.status().writes());
    assertEquals(new RootStatus.LastWrite("demo", now(), 0), publisher.status().lastWrite());
    done(round());
    sink().put(copy("5", "R1", "east", 0));
    done(round());
    assertFalse(server.asked(), "equal content is not written again");

    pem = "R1R2";
    round = round();
    FakeApiServer.Call patch = server.next();
    assertEquals(
        "PATCH /api/v1/namespaces/demo/configmaps/" + NAME, patch.method() + " " + patch.path());
    assertTrue(patch.body().contains("\"resourceVersion\":\"5\""), patch.body());
    assertTrue(patch.body().contains("\"root-cert.pem\":\"R1R2\""), patch.body());
    patch.answer(200, stored("6"));
    done(round);
    assertEquals(List.of("written east", "written east"), heard);
    assertEquals(Map.of(), publisher.status().repaired(), "a rotation is no quarrel");
  }

  @Test
  void aLeaseThatWasTakenStopsTheWrite() throws Exception {
    leads();
    maySee();
    sink().listed(Map.of());
    store.take("b");
    assertTrue(leadership.leads(), "it cannot know yet");
    done(round());
    assertFalse(server.asked());
    assertEquals(0, publisher.status().writes());
  }

  @Test
  void aProcessThatWasFrozenDoesNotGoOn() throws Exception {
    leads();
    maySee();
    namespaces = Set.of("demo", "more");
    sink().listed(Map.of());
    Future<?> round = round();
    FakeApiServer.Call first = expectCreate();
    // Between two writes the clocks go on and the process does not.
    jump = Duration.ofSeconds(11).toNanos();
    first.answer(201, stored("5"));
    done(round);
    assertFalse(server.asked());
    assertEquals(1, publisher.status().writes());
    done(round());
    assertEquals(List.of("ConfigMap */" + NAME, "closed"), opened, "and it reads no more");
  }

  @Test
  void whatIsNotAllowedIsSaidOnce() throws Exception {
    publisher = publisher("west");
    leads();
    Future<?> round = round();
    review("create", "", false);
    done(round);
    done(round());
    assertFalse(server.asked());
    assertEquals(RootStatus.State.NOT_ALLOWED, publisher.status().state());
    Finding finding = publisher.findings().getFirst();
    assertEquals(Finding.Severity.INFO, finding.severity(), "a member that is only read");
    assertTrue(finding.text().contains("may not create configmaps"), finding.text());
    assertTrue(finding.text().contains("remedy"), finding.text());
    assertEquals(List.of(), opened);

    stillLeads(RootPublisher.ASK_AGAIN.plusSeconds(1));
    maySee();
    assertEquals(List.of(), publisher.findings());
  }

  private void stillLeads(Duration later) {
    for (long s = 0; s <= later.toSeconds(); s += 2) {
      time.advance(Duration.ofSeconds(2));
      time.run();
    }
    assertTrue(leadership.leads());
  }

  @Test
  void aRightThatWasTakenAwayEndsIt() throws Exception {
    leads();
    maySee();
    sink().listed(Map.of());
    Future<?> round = round();
    expectCreate().answer(403, refusal(403, ""));
    done(round);
    assertEquals(List.of("ConfigMap */" + NAME, "closed"), opened);
    assertEquals(RootStatus.State.NOT_ALLOWED, publisher.status().state());
    assertEquals(Finding.Severity.WARNING, publisher.findings().getFirst().severity());
    done(round());
    assertFalse(server.asked());
  }

  @Test
  void aNamespaceOnItsWayOutIsNoFailure() throws Exception {
    leads();
    maySee();
    sink().listed(Map.of());
    Future<?> round = round();
    expectCreate().answer(403, refusal(403, "NamespaceTerminating"));
    done(round);
    assertEquals(RootStatus.State.PUBLISHING, publisher.status().state());
    assertEquals(List.of(), publisher.findings());
    assertEquals(List.of(), heard);
    namespaces = Set.of();
    stillLeads(Duration.ofSeconds(4));
    done(round());
    assertFalse(server.asked());
  }

  @Test
  void whatIsRefusedWaitsAndIsNamed() throws Exception {
    leads();
    maySee();
    sink().listed(Map.of("demo", copy("5", "R0", "east", 0)));
    Future<?> round = round();
    server.next().answer(422, refusal(422, ""));
    done(round);
    done(round());
    assertFalse(server.asked(), "not before its pause is over");
    assertTrue(publisher.findings().getFirst().text().contains("told so"));
    assertTrue(publisher.status().failing().get("demo").contains("told so"));
    stillLeads(Duration.ofSeconds(2));
    round = round();
    server.next().answer(200, stored("6"));
    done(round);
    done(round());
    assertEquals(List.of(), publisher.findings());
  }

  @Test
  void aLostRaceIsRunAgain() throws Exception {
    leads();
    maySee();
    sink().listed(Map.of("demo", copy("5", "R0", "east", 0)));
    Future<?> round = round();
    server.next().answer(409, refusal(409, ""));
    done(round);
    sink().put(copy("6", "R9", "east", 0));
    stillLeads(Duration.ofSeconds(2));
    round = round();
    FakeApiServer.Call patch = server.next();
    assertTrue(patch.body().contains("\"resourceVersion\":\"6\""), patch.body());
    patch.answer(200, stored("7"));
    done(round);
    assertEquals(List.of("written east"), heard);
  }

  @Test
  void aQuarrelIsNamed() throws Exception {
    leads();
    maySee();
    sink().listed(Map.of());
    Future<?> round = round();
    expectCreate().answer(201, stored("1"));
    done(round);
    for (int i = 1; i <= RootPublisher.QUARREL; i++) {
      sink().put(copy("" + (10 + i), "R9", "east", 0));
      stillLeads(Duration.ofSeconds(1L << i));
      round = round();
      server.next().answer(200, stored("" + (20 + i)));
      done(round);
    }
    assertEquals(Map.of("demo", RootPublisher.QUARREL), publisher.status().repaired());
    assertTrue(publisher.findings().getFirst().text().contains("somebody else writes it too"));
  }

  /** The Lease was deleted, and counts anew. */
  @Test
  void aNumberFromTheFutureIsOutgrown() throws Exception {
    leads();
    maySee();
    sink().listed(Map.of("demo", copy("5", "R0", "east", 7)));
    done(round());
    assertFalse(server.asked(), "an older number replaces nothing");
    stillLeads(Duration.ofSeconds(2));
    assertEquals(8, leadership.status().transitions());
    Future<?> round = round();
    FakeApiServer.Call patch = server.next();
    assertTrue(patch.body().contains("\"portolan.io/leader-epoch\":\"8\""), patch.body());
    patch.answer(200, stored("6"));
    done(round);
  }

  @Test
  void afterTheEndNothingIsWritten() throws Exception {
    leads();
    maySee();
    sink().listed(Map.of());
    assertTrue(publisher.stop(Duration.ZERO));
    done(round());
    assertFalse(server.asked());
    assertEquals(List.of("ConfigMap */" + NAME, "closed"), opened);
  }

  @Test
  void theEndWaitsForAWriteUnderWay() throws Exception {
    leads();
    maySee();
    sink().listed(Map.of());
    Future<?> round = round();
    FakeApiServer.Call create = expectCreate();
    assertFalse(publisher.stop(Duration.ZERO), "one is under way");
    create.answer(201, stored("1"));
    done(round);
    assertTrue(publisher.stop(Duration.ofSeconds(20)));
  }
}
