package io.portolan.registry.source.kubernetes.leader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.portolan.registry.source.kubernetes.FakeApiServer;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The Lease against an API server that does what each test says. */
class KubernetesLeaseTest {
  private static final String PATH = "/apis/coordination.k8s.io/v1/namespaces/istio-system/leases";
  private static final Instant THEN = Instant.parse("2026-01-01T00:00:00Z");

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
  private final KubernetesLease lease =
      new KubernetesLease(() -> client, "istio-system", "portolan-leader");

  @AfterEach
  void stop() {
    threads.shutdownNow();
    client.close();
    server.close();
  }

  private static LeaseRecord record(String holder, int transitions, String version) {
    return new LeaseRecord(
        holder, Duration.ofSeconds(15), THEN, THEN.plusSeconds(3), transitions, version);
  }

  private static String json(String holder, int transitions, String version) {
    return """
    {"apiVersion":"coordination.k8s.io/v1","kind":"Lease",
     "metadata":{"name":"portolan-leader","namespace":"istio-system","resourceVersion":"%s"},
     "spec":{"holderIdentity":"%s","leaseDurationSeconds":15,"leaseTransitions":%d,
      "acquireTime":"2026-01-01T00:00:00.000000Z","renewTime":"2026-01-01T00:00:03.000000Z"}}
    """
        .formatted(version, holder, transitions);
  }

  private static String refusal(int code, String reason) {
    return """
    {"kind":"Status","apiVersion":"v1","status":"Failure","reason":"%s","message":"told so","code":%d}
    """
        .formatted(reason, code);
  }

  private <T> Future<T> later(Callable<T> call) {
    return threads.submit(call);
  }

  @Test
  void oneThatIsNotThereIsCreated() throws Exception {
    Future<Optional<LeaseRecord>> read = later(lease::read);
    FakeApiServer.Call get = server.next();
    assertEquals("GET " + PATH + "/portolan-leader", get.method() + " " + get.path());
    get.answer(404, refusal(404, "NotFound"));
    assertEquals(Optional.empty(), read.get());

    Future<Optional<LeaseRecord>> write = later(() -> lease.write(record("a", 0, "")));
    FakeApiServer.Call post = server.next();
    assertEquals("POST " + PATH, post.method() + " " + post.path());
    assertTrue(post.body().contains("\"holderIdentity\":\"a\""), post.body());
    assertTrue(post.body().contains("\"renewTime\":\"2026-01-01T00:00:03.000000Z\""), post.body());
    assertFalse(post.body().contains("resourceVersion"), post.body());
    post.answer(201, json("a", 0, "7"));
    assertEquals(Optional.of(record("a", 0, "7")), write.get());
  }

  @Test
  void aWriteCarriesTheVersionThatWasRead() throws Exception {
    Future<Optional<LeaseRecord>> read = later(lease::read);
    server.next().answer(200, json("b", 3, "41"));
    assertEquals(Optional.of(record("b", 3, "41")), read.get());

    Future<Optional<LeaseRecord>> write = later(() -> lease.write(record("a", 4, "41")));
    FakeApiServer.Call put = server.next();
    assertEquals("PUT " + PATH + "/portolan-leader", put.method() + " " + put.path());
    assertTrue(put.body().contains("\"resourceVersion\":\"41\""), put.body());
    assertTrue(put.body().contains("\"leaseTransitions\":4"), put.body());
    put.answer(200, json("a", 4, "42"));
    assertEquals(Optional.of(record("a", 4, "42")), write.get());
  }

  @Test
  void somebodyElseWasFaster() throws Exception {
    Future<Optional<LeaseRecord>> created = later(() -> lease.write(record("a", 0, "")));
    server.next().answer(409, refusal(409, "AlreadyExists"));
    assertEquals(Optional.empty(), created.get());
    Future<Optional<LeaseRecord>> updated = later(() -> lease.write(record("a", 1, "41")));
    server.next().answer(409, refusal(409, "Conflict"));
    assertEquals(Optional.empty(), updated.get());
    Future<Optional<LeaseRecord>> deleted = later(() -> lease.write(record("a", 1, "41")));
    server.next().answer(404, refusal(404, "NotFound"));
    assertEquals(Optional.empty(), deleted.get());
  }

  @Test
  void aRefusalIsAFailureWithItsPlace() throws Exception {
    Future<Optional<LeaseRecord>> read = later(lease::read);
    server.next().answer(403, refusal(403, "Forbidden"));
    assertFailure(read, "lease istio-system/portolan-leader: read:");
    Future<Optional<LeaseRecord>> write = later(() -> lease.write(record("a", 0, "")));
    server.next().answer(404, refusal(404, "NotFound"));
    assertFailure(write, "lease istio-system/portolan-leader: write:");
    Future<Optional<LeaseRecord>> once = later(lease::read);
    server.next().answer(500, refusal(500, "InternalError"));
    assertFailure(once, "read:");
    assertFalse(server.asked(), "asked once: whoever asks decides when to ask again");
  }

  private static void assertFailure(Future<?> future, String text) {
    ExecutionException e = assertThrows(ExecutionException.class, future::get);
    assertTrue(e.getCause() instanceof IOException, e.toString());
    assertTrue(
        e.getCause().getMessage().startsWith(text) || e.getCause().getMessage().contains(text),
        e.toString());
    assertTrue(e.getCause().getMessage().contains("told so"), e.toString());
  }

  /** As somebody else may have left it: every field is optional in the API. */
  @Test
  void aBareLeaseIsFree() throws Exception {
    Future<Optional<LeaseRecord>> read = later(lease::read);
    server
        .next()
        .answer(
            200,
            "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\",\"metadata\":{\"name\":\"portolan-leader\",\"resourceVersion\":\"1\"}}");
    assertEquals(
        Optional.of(
            new LeaseRecord("", Duration.ofSeconds(1), Instant.EPOCH, Instant.EPOCH, 0, "1")),
        read.get());
  }

  @Test
  void requestsEndBeforeTheLeaseIsSomebodyElses() {
    LeaseTimes times = LeaseTimes.DEFAULT;
    assertTrue(BoundedRequests.TIMEOUT.compareTo(times.lease().minus(times.renewDeadline())) < 0);
  }
}
