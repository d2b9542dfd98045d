package io.portolan.registry.source.kubernetes;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * An API server that does what a test says, request by request: {@link #next} waits for a request,
 * and the test answers it piece by piece.
 */
public final class FakeApiServer implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();

  /** One request, and its answer as the test makes it. */
  public static final class Call {
    private final HttpExchange exchange;
    private final BlockingQueue<Step> steps = new LinkedBlockingQueue<>();

    private interface Step {
      /** True when the answer is over. */
      boolean run() throws IOException;
    }

    private final String body;

    private Call(HttpExchange exchange, String body) {
      this.exchange = exchange;
      this.body = body;
    }

    public String method() {
      return exchange.getRequestMethod();
    }

    public String body() {
      return body;
    }

    public String path() {
      return exchange.getRequestURI().getPath();
    }

    /** The query, decoded. */
    public String query() {
      return String.valueOf(exchange.getRequestURI().getQuery());
    }

    public boolean watches() {
      return query().contains("watch=true");
    }

    /** A whole answer. */
    public void answer(int code, String body) {
      answer(code, body, "");
    }

    void answer(int code, String body, String retryAfter) {
      steps.add(
          () -> {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            if (!retryAfter.isEmpty()) {
              exchange.getResponseHeaders().set("Retry-After", retryAfter);
            }
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(code, bytes.length);
            exchange.getResponseBody().write(bytes);
            return true;
          });
    }

    /** Begins an answer of unknown length. */
    public Call open() {
      steps.add(
          () -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().flush();
            return false;
          });
      return this;
    }

    /** Sends a piece of it. */
    public Call piece(String text) {
      steps.add(
          () -> {
            exchange.getResponseBody().write(text.getBytes(StandardCharsets.UTF_8));
            exchange.getResponseBody().flush();
            return false;
          });
      return this;
    }

    public Call event(String type, String object) {
      return piece("{\"type\":\"" + type + "\",\"object\":" + object + "}\n");
    }

    public Call bookmark(long version) {
      return event(
          "BOOKMARK", "{\"kind\":\"X\",\"metadata\":{\"resourceVersion\":\"" + version + "\"}}");
    }

    /** The mark that ends a streamed list. */
    Call initialEnd(long version) {
      return event(
          "BOOKMARK",
          "{\"kind\":\"X\",\"metadata\":{\"resourceVersion\":\""
              + version
              + "\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}");
    }

    /** Ends the answer as it should be. */
    public void end() {
      steps.add(() -> true);
    }

    /** Breaks it off: the connection closes inside the answer. */
    void cut() {
      steps.add(
          () -> {
            throw new IOException("cut");
          });
    }

    private void serve() throws IOException {
      try {
        while (!steps.take().run()) {
          // The next step follows.
        }
        exchange.close();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  public FakeApiServer() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          Call call =
              new Call(
                  exchange,
                  new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
          calls.add(call);
          call.serve();
        });
    server.start();
  }

  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** The next request. */
  public Call next() throws InterruptedException {
    Call call = calls.poll(20, TimeUnit.SECONDS);
    if (call == null) {
      throw new AssertionError("no request in 20 s");
    }
    return call;
  }

  /** Whether a request waits to be answered. */
  public boolean asked() {
    return !calls.isEmpty();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
