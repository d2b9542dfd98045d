package io.portolan.registry.source.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A reader of ConfigMaps against an API server that does what each test says. */
class ConfigMapReaderTest {
  private static final ReaderSettings SETTINGS = ReaderSettings.of("istio-system", "cluster.local");

  private final FakeApiServer server = new FakeApiServer();
  private final FakeTimer timer = new FakeTimer();
  private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
  private final KubernetesClient client =
      new KubernetesClientBuilder()
          .withConfig(
              new ConfigBuilder()
                  .withAutoConfigure(false)
                  .withMasterUrl(server.url())
                  .withHttp2Disable(true)
                  .build())
          .build();
  private final ConfigMapReader.Sink sink =
      new ConfigMapReader.Sink() {
        @Override
        public void listed(Map<String, ConfigMapObject> all) {
          Map<String, String> texts = new TreeMap<>();
          all.forEach((namespace, map) -> texts.put(namespace, map.data().toString()));
          told.add("listed " + texts);
        }

        @Override
        public void put(ConfigMapObject map) {
          told.add("put " + map.namespace() + " " + map.data() + " at " + map.version());
        }

        @Override
        public void removed(String namespace) {
          told.add("removed " + namespace);
        }

        @Override
        public void failed(String reason, boolean forbidden) {
          told.add((forbidden ? "forbidden " : "failed ") + reason);
        }
      };
  private ConfigMapReader reader = reader("");

  private ConfigMapReader reader(String namespace) {
    return new ConfigMapReader(
        "east",
        client,
        new ConfigMapReader.Which(namespace, "roots"),
        SETTINGS,
        sink,
        timer,
        timer,
        new java.util.SplittableRandom(7));
  }

  @AfterEach
  void stop() {
    reader.close();
    client.close();
    server.close();
  }

  private String next() throws InterruptedException {
    return String.valueOf(told.poll(20, TimeUnit.SECONDS));
  }

  private static String map(String namespace, long version, String text) {
    return """
    {"metadata":{"name":"roots","namespace":"%s","resourceVersion":"%d",
     "managedFields":[{"manager":"x"}]},"data":{"k":"%s"},"binaryData":{"b":"AA=="}}"""
        .formatted(namespace, version, text);
  }

  private static String list(long version, String more, String... items) {
    return "{\"kind\":\"ConfigMapList\",\"metadata\":{\"resourceVersion\":\""
        + version
        + "\""
        + more
        + "},\"items\":["
        + String.join(",", items)
        + "]}";
  }

  @Test
  void listsByPagesThenWatchesTheOneName() throws InterruptedException {
    reader.start();
    FakeApiServer.Call first = server.next();
    assertEquals("/api/v1/configmaps", first.path());
    assertTrue(first.query().contains("fieldSelector=metadata.name=roots"), first.query());
    first.answer(200, list(10, ",\"continue\":\"c1\"", map("a", 3, "1")));
    FakeApiServer.Call second = server.next();
    assertTrue(second.query().contains("continue=c1"), second.query());
    second.answer(200, list(10, "", map("b", 4, "2")));
    assertEquals("listed {a={k=1}, b={k=2}}", next());

    FakeApiServer.Call watch = server.next();
    assertTrue(watch.watches() && watch.query().contains("resourceVersion=10"), watch.query());
    assertTrue(watch.query().contains("fieldSelector=metadata.name=roots"), watch.query());
    watch
        .open()
        .event("ADDED", map("c", 11, "3"))
        .event("MODIFIED", map("a", 12, "4"))
        .event("DELETED", map("b", 13, "2"))
        .bookmark(20);
    assertEquals("put c {k=3} at 11", next());
    assertEquals("put a {k=4} at 12", next());
    assertEquals("removed b", next());
    watch.end();
    FakeApiServer.Call again = server.next();
    assertTrue(again.query().contains("resourceVersion=20"), again.query());
  }

  @Test
  void oneNamespaceIsAskedForByItsPath() throws InterruptedException {
    reader = reader("istio-system");
    reader.start();
    FakeApiServer.Call call = server.next();
    assertEquals("/api/v1/namespaces/istio-system/configmaps", call.path());
    call.answer(200, list(5, ""));
    assertEquals("listed {}", next());
  }

  @Test
  void anExpiredVersionListsAgain() throws InterruptedException {
    reader.start();
    server.next().answer(200, list(10, "", map("a", 3, "1")));
    assertEquals("listed {a={k=1}}", next());
    server
        .next()
        .open()
        .event("ERROR", "{\"kind\":\"Status\",\"code\":410,\"message\":\"too old\"}");
    timer.runNext();
    FakeApiServer.Call list = server.next();
    assertTrue(!list.watches() && !list.query().contains("resourceVersion=0"), list.query());
    list.answer(200, list(30, "", map("a", 25, "5")));
    assertEquals("listed {a={k=5}}", next());
  }

  @Test
  void aRefusalIsToldAndTriedAgainAfterAPause() throws InterruptedException {
    reader.start();
    server.next().answer(403, "{\"kind\":\"Status\",\"message\":\"no\",\"code\":403}");
    assertEquals("forbidden list /api/v1/configmaps: 403: no", next());
    assertTrue(!server.asked(), "not before the pause is over");
    timer.runNext();
    server.next().answer(200, list(10, ""));
    assertEquals("listed {}", next());
  }
}
