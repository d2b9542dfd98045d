package io.portolan.registry.source.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.portolan.registry.model.Kind;
import io.portolan.registry.source.objects.Finding;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A reader against an API server that does what each test says. */
class ClusterReaderTest {
  private static final ReaderSettings SETTINGS = ReaderSettings.of("istio-system", "cluster.local");

  private final FakeApiServer server = new FakeApiServer();
  private final FakeTimer timer = new FakeTimer();
  private final RecordedFeed feed = new RecordedFeed();
  private final KubernetesClient client =
      new KubernetesClientBuilder()
          .withConfig(
              new ConfigBuilder()
                  .withAutoConfigure(false)
                  .withMasterUrl(server.url())
                  .withOauthToken("secret")
                  .withHttp2Disable(true)
                  .build())
          .build();
  private ClusterReader reader = reader(Set.of(Kind.POD));

  private ClusterReader reader(Set<Kind> kinds) {
    return new ClusterReader(
        "east", client, kinds, SETTINGS, feed, timer, timer, new java.util.SplittableRandom(7));
  }

  @AfterEach
  void stop() {
    reader.close();
    client.close();
    server.close();
  }

  private static String pod(String name, long version, String ip) {
    return "{\"metadata\":{\"name\":\""
        + name
        + "\",\"namespace\":\"shop\",\"resourceVersion\":\""
        + version
        + "\"},\"spec\":{\"serviceAccountName\":\"web\"},\"status\":{\"podIP\":\""
        + ip
        + "\"}}";
  }

  private KindStatus status() {
    return reader.status().getFirst();
  }

  /** Starts with a streamed list of one pod at version 10; its watch stays open. */
  private FakeApiServer.Call started() throws InterruptedException {
    reader.start();
    FakeApiServer.Call call = server.next();
    call.open().event("ADDED", pod("a", 7, "10.0.0.1")).initialEnd(10);
    assertEquals("listed Pod [a]", feed.next());
    return call;
  }

  @Test
  void aStreamedListBecomesTheWatch() throws InterruptedException {
    FakeApiServer.Call call = started();
    assertEquals("/api/v1/pods", call.path());
    assertTrue(call.query().contains("sendInitialEvents=true"), call.query());
    assertTrue(call.query().contains("resourceVersionMatch=NotOlderThan"), call.query());
    assertTrue(call.query().contains("fieldSelector=status.phase!=Failed"), call.query());
    call.event("ADDED", pod("b", 11, "10.0.0.2")).event("DELETED", pod("a", 12, "10.0.0.1"));
    assertEquals("put b", feed.next());
    assertEquals("remove a", feed.next());
    call.event("MODIFIED", pod("b", 13, "10.0.0.2")).event("ADDED", pod("c", 14, "10.0.0.3"));
    assertEquals("put c", feed.next(), "a change that means nothing is not reported");
    KindStatus status = status();
    assertEquals(KindStatus.State.WATCHING, status.state());
    assertEquals("14", status.resourceVersion());
    assertEquals(2, status.objects());
    assertEquals(0, status.failures());
    assertTrue(feed.alive.get() >= 3);
  }

  @Test
  void anOldServerIsListedInPages() throws InterruptedException {
    reader.start();
    server
        .next()
        .answer(
            422, "{\"kind\":\"Status\",\"message\":\"sendInitialEvents is forbidden for watch\"}");
    FakeApiServer.Call first = server.next();
    assertFalse(first.watches());
    assertTrue(first.query().contains("resourceVersion=0"), first.query());
    assertTrue(first.query().contains("limit=500"), first.query());
    first.answer(
        200,
        "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"20\",\"continue\":\"a=b\"},"
            + "\"items\":["
            + pod("a", 7, "10.0.0.1")
            + "]}");
    FakeApiServer.Call second = server.next();
    assertTrue(second.query().contains("continue=a=b"), second.query());
    assertFalse(second.query().contains("resourceVersion"), second.query());
    second.answer(
        200,
        "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"20\"},\"items\":["
            + pod("b", 8, "10.0.0.2")
            + "]}");
    assertEquals("listed Pod [a, b]", feed.next());
    FakeApiServer.Call watch = server.next();
    assertTrue(watch.query().contains("resourceVersion=20"), watch.query());
    assertTrue(watch.query().contains("allowWatchBookmarks=true"), watch.query());
    watch.open().event("DELETED", pod("b", 21, "10.0.0.2"));
    assertEquals("remove b", feed.next());
  }

  @Test
  void anEmptyListIsReportedAsItIs() throws InterruptedException {
    reader.start();
    server.next().open().initialEnd(3);
    assertEquals("listed Pod []", feed.next());
  }

  @Test
  void aCleanCloseResumesWhereTheLastBookmarkWas() throws InterruptedException {
    FakeApiServer.Call call = started();
    for (int round = 0; round < 20; round++) {
      call.bookmark(100 + round).end();
      call = server.next();
      assertTrue(call.query().contains("resourceVersion=" + (100 + round) + "&"), call.query());
      call.open();
    }
    call.event("ADDED", pod("b", 300, "10.0.0.2"));
    assertEquals("put b", feed.next(), "no list and no failure in between");
    assertEquals(1, status().lists());
    assertTrue(timer.pauses().isEmpty());
  }

  @Test
  void aCutInsideAnEventResumesAndLosesNothing() throws InterruptedException {
    FakeApiServer.Call call = started();
    call.event("ADDED", pod("b", 11, "10.0.0.2")).piece("{\"type\":\"ADDED\",\"obj");
    assertEquals("put b", feed.next());
    call.cut();
    assertTrue(feed.next().startsWith("failed watch /api/v1/pods: "));
    timer.runNext();
    FakeApiServer.Call again = server.next();
    assertTrue(again.query().contains("resourceVersion=11&"), again.query());
    again.open().event("ADDED", pod("c", 12, "10.0.0.3"));
    assertEquals("put c", feed.next());
    assertEquals("", status().problem());
  }

  @Test
  void anExpiredVersionIsListedAgainAfterAPause() throws InterruptedException {
    FakeApiServer.Call call = started();
    call.event(
        "ERROR",
        "{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\",\"message\":\"too old\"}");
    Duration pause = timer.runNext();
    assertFalse(pause.isZero(), "a relist has jitter");
    FakeApiServer.Call list = server.next();
    assertTrue(list.query().contains("sendInitialEvents"), list.query());
    list.open().event("ADDED", pod("b", 50, "10.0.0.2")).initialEnd(60);
    assertEquals("listed Pod [b]", feed.next());
    list.end();
    FakeApiServer.Call watch = server.next();
    watch.answer(410, "{\"kind\":\"Status\",\"code\":410,\"message\":\"too old\"}");
    assertTrue(timer.runNext().compareTo(pause) > 0, "and more of it when it happens again");
    assertTrue(server.next().query().contains("sendInitialEvents"));
  }

  @Test
  void oldAndRepeatedEventsChangeNothing() throws InterruptedException {
    FakeApiServer.Call call = started();
    call.event("ADDED", pod("b", 20, "10.0.0.2"))
        .event("ADDED", pod("b", 20, "10.0.0.2"))
        .event("DELETED", pod("a", 9, "10.0.0.1"))
        .event("MODIFIED", pod("b", 15, "10.9.9.9"))
        .event("DELETED", pod("z", 21, "10.0.0.9"))
        .event("ADDED", pod("c", 22, "10.0.0.3"));
    assertEquals("put b", feed.next());
    assertEquals("put c", feed.next());
    assertEquals("22", status().resourceVersion());
  }

  @Test
  void aServerThatWentBackInTimeIsListedAgain() throws InterruptedException {
    FakeApiServer.Call call = started();
    call.bookmark(4);
    timer.runNext();
    server.next().open().initialEnd(4);
    assertEquals("listed Pod []", feed.next());
  }

  @Test
  void failuresBackOffAndSayWhy() throws InterruptedException {
    reader.start();
    Duration last = Duration.ZERO;
    for (int i = 0; i < 12; i++) {
      server.next().answer(500, "{\"kind\":\"Status\",\"message\":\"etcd is away\"}");
      assertEquals("failed list /api/v1/pods: 500: etcd is away", feed.next());
      Duration pause = timer.runNext();
      assertTrue(pause.compareTo(SETTINGS.backOffMost()) <= 0, pause.toString());
      if (i == 11) {
        last = pause;
      }
    }
    assertTrue(last.compareTo(Duration.ofSeconds(15)) >= 0, last.toString());
    assertEquals(12, status().failures());
    server.next().open().initialEnd(3);
    assertEquals("listed Pod []", feed.next());
    assertEquals("", status().problem());
  }

  @Test
  void aBusyServerSaysHowLongToWait() throws InterruptedException {
    reader.start();
    server.next().answer(429, "{\"message\":\"too many requests\"}", "7");
    assertEquals("failed list /api/v1/pods: 429: too many requests", feed.next());
    assertEquals(Duration.ofSeconds(7), timer.runNext());
  }

  @Test
  void refusedCredentialsAreToldApart() throws InterruptedException {
    reader.start();
    server.next().answer(401, "{\"message\":\"Unauthorized\"}");
    // The client asks once more with what a refreshed configuration says.
    String told = feed.lines.poll();
    while (told == null) {
      if (server.asked()) {
        server.next().answer(401, "{\"message\":\"Unauthorized\"}");
      }
      told = feed.lines.poll(20, java.util.concurrent.TimeUnit.MILLISECONDS);
    }
    assertTrue(told.startsWith("failed list /api/v1/pods: credential refused"), told);
    assertFalse(told.contains("secret"));
    assertEquals(KindStatus.State.REFUSED, status().state());
    timer.runNext();
    server.next().answer(403, "{\"message\":\"pods is forbidden\"}");
    told = feed.next();
    assertTrue(told.contains("may not list pods: forbidden"), told);
    Finding finding = reader.findings().getFirst();
    assertEquals(Finding.Severity.WARNING, finding.severity());
    assertEquals("/api/v1/pods", finding.file());
  }

  @Test
  void silenceIsAFailure() throws InterruptedException {
    FakeApiServer.Call call = started();
    timer.move(SETTINGS.silence().dividedBy(2));
    call.bookmark(30);
    call.event("ADDED", pod("b", 31, "10.0.0.2"));
    assertEquals("put b", feed.next());
    while (timer.pauses().isEmpty() && feed.lines.isEmpty()) {
      timer.move(SETTINGS.silence().dividedBy(4));
    }
    assertEquals(
        "failed watch /api/v1/pods: silence for 80 s (expected an event or a bookmark)",
        feed.next());
    // A server that lost its state accepts a watch from the future and says nothing: so it is
    // listed again.
    timer.runNext();
    server.next().open().event("ADDED", pod("b", 5, "10.0.0.2")).initialEnd(6);
    assertEquals("listed Pod [b]", feed.next());
  }

  @Test
  void aServerThatDoesNotAnswerIsAskedAgainFromTheSamePlace() throws InterruptedException {
    FakeApiServer.Call call = started();
    call.bookmark(31).end();
    server.next();
    for (int i = 0; i < 4; i++) {
      timer.move(SETTINGS.silence().dividedBy(4));
    }
    assertTrue(feed.next().startsWith("failed watch /api/v1/pods: silence for 80 s"));
    timer.runNext();
    assertTrue(server.next().query().contains("resourceVersion=31&"));
  }

  /** Its state may have been set back meanwhile, and have grown past the version since then. */
  @Test
  void afterAnOutageItIsListedAgain() throws InterruptedException {
    FakeApiServer.Call call = started();
    call.bookmark(31).cut();
    assertTrue(feed.next().startsWith("failed watch /api/v1/pods: the answer broke off"));
    timer.runNext();
    for (int i = 2; i < ReadState.OUTAGE; i++) {
      FakeApiServer.Call watch = server.next();
      assertTrue(watch.query().contains("resourceVersion=31&"), watch.query());
      watch.answer(502, "no server");
      assertTrue(feed.next().startsWith("failed watch /api/v1/pods: 502"));
      timer.runNext();
    }
    server.next().answer(502, "no server");
    assertTrue(feed.next().startsWith("failed watch /api/v1/pods: 502"));
    timer.runNext();
    FakeApiServer.Call list = server.next();
    assertTrue(list.query().contains("sendInitialEvents=true"), list.query());
    list.open().event("ADDED", pod("b", 35, "10.0.0.2")).initialEnd(40);
    assertEquals("listed Pod [b]", feed.next());
  }

  @Test
  void oneAnswerWakesWhatWaitsForTheServer() throws InterruptedException {
    reader.close();
    reader = reader(EnumSet.of(Kind.POD, Kind.NODE));
    reader.start();
    FakeApiServer.Call one = server.next();
    FakeApiServer.Call two = server.next();
    FakeApiServer.Call pods = one.path().endsWith("pods") ? one : two;
    FakeApiServer.Call nodes = pods == one ? two : one;
    pods.open().cut();
    assertTrue(feed.next().startsWith("failed list /api/v1/pods: the answer broke off"));
    nodes.open().cut();
    assertTrue(feed.next().startsWith("failed list /api/v1/nodes: the answer broke off"));
    timer.runNext();
    FakeApiServer.Call again = server.next();
    again.open().initialEnd(4);
    assertTrue(feed.next().startsWith("listed"));
    FakeApiServer.Call woken = server.next();
    assertFalse(woken.path().equals(again.path()));
    woken.open().initialEnd(4);
    assertTrue(feed.next().startsWith("listed"));
  }

  @Test
  void watchesClosedAtOnceAgainAndAgainEndInAList() throws InterruptedException {
    FakeApiServer.Call call = started();
    call.end();
    for (int i = 0; i < ReadState.IDLE_CLOSES; i++) {
      FakeApiServer.Call watch = server.next();
      assertFalse(watch.query().contains("sendInitialEvents"));
      watch.open().end();
      timer.runNext();
    }
    assertTrue(server.next().query().contains("sendInitialEvents"));
  }

  @Test
  void aBrokenObjectKeepsItsLastGoodVersionAndSpoilsNoOther() throws InterruptedException {
    FakeApiServer.Call call = started();
    call.event(
            "MODIFIED",
            "{\"metadata\":{\"name\":\"a\",\"namespace\":\"shop\",\"resourceVersion\":\"11\"},"
                + "\"spec\":{\"nodeName\":NaN}}")
        .event("ADDED", pod("b", 12, "10.0.0.2"));
    assertEquals("put b", feed.next());
    Finding finding = reader.findings().getFirst();
    assertEquals(Finding.Severity.ERROR, finding.severity());
    assertEquals("/api/v1/namespaces/shop/pods/a", finding.file());
    assertTrue(finding.message().contains("its last good version stays"), finding.message());
    call.event("ERROR", "{\"code\":410,\"message\":\"too old\"}");
    timer.runNext();
    server
        .next()
        .open()
        .event(
            "ADDED",
            "{\"metadata\":{\"name\":\"a\",\"namespace\":\"shop\",\"resourceVersion\":\"11\"},"
                + "\"spec\":{\"nodeName\":NaN}}")
        .event("ADDED", pod("c", 13, "10.0.0.3"))
        .initialEnd(20);
    assertEquals("listed Pod [a, c]", feed.next());
  }

  @Test
  void anObjectThatCannotBeNamedTakesNothingAway() throws InterruptedException {
    FakeApiServer.Call call = started();
    call.event("ERROR", "{\"code\":410,\"message\":\"too old\"}");
    timer.runNext();
    server.next().open().event("ADDED", "{\"spec\":NaN}").initialEnd(20);
    assertEquals("listed Pod [a]", feed.next());
    assertTrue(reader.findings().getFirst().message().contains("nothing is taken away"));
  }

  @Test
  void aListThatBreaksOffReportsNothing() throws InterruptedException {
    reader.start();
    server.next().answer(400, "{\"message\":\"no\"}");
    server
        .next()
        .open()
        .piece(
            "{\"metadata\":{\"resourceVersion\":\"20\"},\"items\":["
                + pod("a", 7, "10.0.0.1")
                + ",{\"meta")
        .cut();
    assertTrue(feed.next().startsWith("failed list /api/v1/pods: "));
    timer.runNext();
    server.next().answer(200, "{\"metadata\":{\"resourceVersion\":\"20\"},\"items\":[]} trailing");
    assertTrue(feed.next().contains("malformed answer"));
  }

  @Test
  void aMissingKindCountsAsEmptyAndIsAskedForAgain() throws InterruptedException {
    reader.close();
    reader = reader(EnumSet.of(Kind.GATEWAY));
    reader.start();
    for (String version : List.of("v1", "v1beta1", "v1alpha3")) {
      FakeApiServer.Call call = server.next();
      assertEquals("/apis/networking.istio.io/" + version + "/gateways", call.path());
      call.answer(404, "404 page not found");
    }
    assertEquals("listed Gateway []", feed.next());
    assertEquals(KindStatus.State.MISSING, status().state());
    assertEquals(Finding.Severity.INFO, reader.findings().getFirst().severity());
    timer.runNext();
    server.next().answer(404, "404 page not found");
    FakeApiServer.Call second = server.next();
    assertEquals("/apis/networking.istio.io/v1beta1/gateways", second.path());
    second
        .open()
        .event(
            "ADDED",
            "{\"apiVersion\":\"networking.istio.io/v1beta1\",\"kind\":\"Gateway\",\"metadata\":{"
                + "\"name\":\"g\",\"namespace\":\"shop\",\"resourceVersion\":\"5\"},"
                + "\"spec\":{\"selctor\":{\"a\":\"b\"}}}")
        .initialEnd(9);
    assertEquals("listed Gateway [g]", feed.next());
    Finding finding = reader.findings().getFirst();
    assertTrue(finding.message().contains("did you mean selector"), finding.toString());
    assertEquals("/apis/networking.istio.io/v1beta1/namespaces/shop/gateways/g", finding.file());
  }

  @Test
  void aServerWithoutPodsIsNotOne() throws InterruptedException {
    reader.start();
    server.next().answer(404, "not found");
    assertTrue(feed.next().contains("every API server has this kind"));
  }

  @Test
  void aKindThatIsSlowOrAwayDoesNotHoldUpAnother() throws InterruptedException {
    reader.close();
    reader = reader(EnumSet.of(Kind.POD, Kind.NODE));
    reader.start();
    FakeApiServer.Call one = server.next();
    FakeApiServer.Call two = server.next();
    (one.path().endsWith("nodes") ? one : two).open().initialEnd(3);
    assertEquals("listed Node []", feed.next());
    (one.path().endsWith("nodes") ? two : one).open().initialEnd(3);
    assertEquals("listed Pod []", feed.next());
  }

  @Test
  void aClosedReaderSaysNothingMore() throws InterruptedException {
    FakeApiServer.Call call = started();
    reader.close();
    call.event("ADDED", pod("b", 11, "10.0.0.2"));
    call.end();
    timer.move(Duration.ofMinutes(10));
    assertTrue(feed.lines.isEmpty());
    assertFalse(server.asked());
    assertEquals(KindStatus.State.CLOSED, status().state());
  }
}
